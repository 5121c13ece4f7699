"""Tables that reference themselves or each other, and on PostgreSQL in another schema."""

from app.db.ids import HasId, Id, reference
from app.db.url import DRIVER

SCHEMA = {"schema": "league"} if DRIVER.startswith("postgresql") else {}
PREFIX = f"{SCHEMA['schema']}." if SCHEMA else ""


class Category(HasId, table=True):
    __tablename__ = "categories"

    parent_id: Id | None = reference("categories.id")


class Team(HasId, table=True):
    __tablename__ = "teams"
    __table_args__ = SCHEMA

    captain_id: Id | None = reference(f"{PREFIX}players.id")


class Player(HasId, table=True):
    __tablename__ = "players"
    __table_args__ = SCHEMA

    team_id: Id = reference(f"{PREFIX}teams.id")
    mentor_id: Id | None = reference(f"{PREFIX}players.id", ondelete="CASCADE")
