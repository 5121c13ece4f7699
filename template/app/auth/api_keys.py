"""API keys: bearer tokens of programs, valid until they expire or their user revokes them."""

from contextlib import suppress
from datetime import timedelta
from secrets import token_urlsafe

from fastapi import BackgroundTasks
from sqlalchemy.exc import SQLAlchemyError

from app.auth.models import User
from app.auth.repository import ApiKeyRepository, UserRepository
from app.auth.tokens import digest
from app.db.database import Database, TransactionConflict
from app.db.ids import Id
from app.db.models import now

PREFIX = "key_"  # people and secret scanners recognize a key by it
MAX_LIFETIME = timedelta(days=3650)
RECORD_AFTER = timedelta(minutes=1)  # so that a busy program does not write in each request


def create_key() -> str:
    return PREFIX + token_urlsafe()


async def read_key(
    key: str | None, users: UserRepository, db: Database, tasks: BackgroundTasks
) -> User | None:
    """The user of an API key. Its use is recorded after the response."""
    if key is None or not key.startswith(PREFIX):
        return None
    if (found := await users.get_by_key(digest(key))) is None:
        return None
    user, row = found
    if row.last_used_at is None or now() - row.last_used_at > RECORD_AFTER:
        tasks.add_task(record_use, db, row.id)
    return user


async def record_use(db: Database, key_id: Id) -> None:
    # The next request records its use. An error would skip the other background tasks.
    with suppress(SQLAlchemyError, TransactionConflict):
        async with db.unit() as session:
            await ApiKeyRepository.from_session(session).record_use(key_id)
