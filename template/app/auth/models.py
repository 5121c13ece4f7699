"""A user and a session: their tables, and what the API takes and gives."""

from datetime import datetime
from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, EmailStr, Field
from sqlmodel import Field as Column
from sqlmodel import SQLModel

from app.db.ids import HasId, Id, reference
from app.db.models import ExactString, Text, Timestamp, Timestamps, now


class User(HasId, Timestamps, table=True):
    __tablename__ = "users"

    email: str = Column(sa_type=ExactString(320), unique=True)  # in its normal form
    hashed_password: str = Column(sa_type=ExactString(255))
    is_active: bool = True
    is_superuser: bool = False
    is_verified: bool = False


class UserSession(SQLModel, table=True):
    """A login by cookie. The table holds a digest: who reads it cannot sign in."""

    __tablename__ = "user_sessions"

    token: str = Column(primary_key=True, sa_type=ExactString(64))
    user_id: Id = reference("users.id", ondelete="CASCADE")
    created_at: datetime = Column(default_factory=now, sa_type=Timestamp)


def normal_email(value: str) -> str | None:
    """The one form that an address is stored and looked up in; None for what is no address."""
    try:
        normal = validate_email(value, check_deliverability=False).normalized.lower()
    except (EmailNotValidError, UnicodeError):
        return None
    return None if "=?" in normal else normal  # mail would go to what an encoded word stands for


def check_email(value: str) -> str:
    if (normal := normal_email(value)) is None:
        raise ValueError("it is not an e-mail address")
    return normal


Email = Annotated[EmailStr, Field(max_length=254), AfterValidator(check_email)]
Password = Annotated[Text, Field(max_length=1024)]  # its least length is a matter of policy


class UserRead(BaseModel):
    id: Id
    email: str
    is_active: bool
    is_superuser: bool
    is_verified: bool


class UserPage(BaseModel):
    users: list[UserRead]
    next: Id | None = Field(description="`after` of the next page; null on the last one.")


class Body(BaseModel):
    """Lists what a client may set: nothing else gets through."""

    model_config = ConfigDict(extra="forbid")


class Credentials(BaseModel):
    """The form of a login; what OAuth2 adds to it is ignored."""

    username: Annotated[str, Field(max_length=1024)]
    password: Annotated[str, Field(max_length=1024)]


class Registration(Body):
    email: Email
    password: Password


class EmailOnly(Body):
    email: Email


class Token(Body):
    token: Annotated[Text, Field(max_length=2048)]


class PasswordReset(Token):
    password: Password


class PasswordChange(Body):
    current_password: Password
    new_password: Password


class EmailChange(Body):
    current_password: Password
    email: Email


class UserUpdate(Body):
    """What is left out stays as it is."""

    is_active: bool = Field(default_factory=bool)
    is_superuser: bool = Field(default_factory=bool)
    is_verified: bool = Field(default_factory=bool)


class BearerToken(BaseModel):
    access_token: str
    token_type: str = "bearer"
