"""The tables of users and of their sessions."""

from datetime import datetime

from email_validator import EmailNotValidError, validate_email
from sqlmodel import Field, SQLModel

from app.db.ids import HasId, Id, reference
from app.db.models import Timestamps
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
    expires_at: datetime = Field(sa_type=Timestamp)


def normalize_email(value: str) -> str | None:
    """The form in which an address is stored and compared, or None if it is not an address."""
    try:
        email = validate_email(value, check_deliverability=False).normalized.lower()
    except (EmailNotValidError, UnicodeError):
        return None
    # An encoded word (RFC 2047) decodes to another address, which would receive the mail.
    return None if "=?" in email else email
