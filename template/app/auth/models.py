"""The tables of users, of their sessions and of their API keys."""

from datetime import datetime

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from app.db.ids import HasId, Id, reference
from app.db.models import Timestamps, now
from app.db.types import ExactString, Timestamp


class User(HasId, Timestamps, table=True):
    __tablename__ = "users"

    email: str = Field(sa_type=ExactString(320), unique=True)  # from normalize_email()
    hashed_password: str = Field(sa_type=ExactString(255))
    is_active: bool = True
    is_superuser: bool = False
    is_verified: bool = False


class UserSession(SQLModel, table=True):
    """A cookie session. `token` is a digest, so that nobody can sign in with a stolen row."""

    __tablename__ = "user_sessions"

    token: str = Field(primary_key=True, sa_type=ExactString(64))
    user_id: Id = reference("users.id", ondelete="CASCADE")
    expires_at: datetime = Field(sa_type=Timestamp, index=True)


class ApiKey(HasId, table=True):
    """An API key of a program. Like a session, it is stored as a digest."""

    __tablename__ = "api_keys"
    __table_args__ = (Index(None, "user_id", "id"),)

    user_id: Id = reference("users.id", ondelete="CASCADE", index=False)
    name: str = Field(sa_type=ExactString(100))
    token: str = Field(sa_type=ExactString(64), unique=True)
    created_at: datetime = Field(default_factory=now, sa_type=Timestamp)
    expires_at: datetime | None = Field(default=None, sa_type=Timestamp)
    last_used_at: datetime | None = Field(default=None, sa_type=Timestamp)


def normalize_email(value: str) -> str | None:
    """The form in which an address is stored and compared, or None if it is not an address."""
    try:
        email = validate_email(value, check_deliverability=False).normalized.lower()
    except (EmailNotValidError, UnicodeError):
        return None
    # An encoded word (RFC 2047) decodes to another address, which would receive the mail.
    return None if "=?" in email else email
