"""A user and a session: their tables."""

from datetime import datetime

from email_validator import EmailNotValidError, validate_email
from sqlmodel import Field, SQLModel

from app.db.ids import HasId, Id, reference
from app.db.models import ExactString, Timestamp, Timestamps, now


class User(HasId, Timestamps, table=True):
    __tablename__ = "users"

    email: str = Field(sa_type=ExactString(320), unique=True)  # in its normal form
    hashed_password: str = Field(sa_type=ExactString(255))
    is_active: bool = True
    is_superuser: bool = False
    is_verified: bool = False


class UserSession(SQLModel, table=True):
    """A login by cookie. The table holds a digest: who reads it cannot sign in."""

    __tablename__ = "user_sessions"

    token: str = Field(primary_key=True, sa_type=ExactString(64))
    user_id: Id = reference("users.id", ondelete="CASCADE")
    created_at: datetime = Field(default_factory=now, sa_type=Timestamp)


def normal_email(value: str) -> str | None:
    """The one form that an address is stored and looked up in; None for what is no address."""
    try:
        normal = validate_email(value, check_deliverability=False).normalized.lower()
    except (EmailNotValidError, UnicodeError):
        return None
    return None if "=?" in normal else normal  # mail would go to what an encoded word stands for
