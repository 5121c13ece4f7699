"""Each test begins without rows, whatever the test before has left."""

import pytest
from app.db.database import Database
from app.league.models import Category, Player, Team
from sqlalchemy.exc import IntegrityError
from sqlmodel import select


@pytest.mark.parametrize("_", ["first", "second"])
async def test_rows_are_deleted(db: Database, _: str) -> None:
    async with db.unit() as session:
        for model in (Category, Team, Player):
            assert (await session.exec(select(model))).all() == []
        parent: Category | None = None
        for _number in range(3):
            parent = Category(parent_id=parent.id if parent else None)
            session.add(parent)
            await session.flush()
            team = Team()
            session.add(team)
            await session.flush()
            captain = Player(team_id=team.id)
            session.add(captain)
            await session.flush()
            team.captain_id = captain.mentor_id = captain.id


async def test_foreign_keys_are_checked_again(db: Database) -> None:
    async with db.unit() as session:
        deleted = Team()
        session.add(deleted)
        await session.flush()
        await session.delete(deleted)
    with pytest.raises(IntegrityError):
        async with db.unit() as session:
            session.add(Player(team_id=deleted.id))
