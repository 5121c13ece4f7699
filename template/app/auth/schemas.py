"""What the routes of users take and give."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, EmailStr, Field, StrictBool

from app.auth.models import normal_email
from app.auth.passwords import LONGEST, SHORTEST
from app.db.ids import Id
from app.db.models import Text


def check_email(value: str) -> str:
    if (normal := normal_email(value)) is None:
        raise ValueError("it is not an e-mail address")
    return normal


Email = Annotated[EmailStr, Field(max_length=254), AfterValidator(check_email)]
Password = Annotated[Text, Field(max_length=LONGEST)]
# For the document only: the policy refuses what is shorter, and says why.
NewPassword = Annotated[Password, Field(json_schema_extra={"minLength": SHORTEST})]


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

    username: Annotated[str, Field(min_length=1, max_length=1024)]
    password: Annotated[str, Field(min_length=1, max_length=LONGEST)]


class Registration(Body):
    email: Email
    password: NewPassword


class EmailOnly(Body):
    email: Email


class Token(Body):
    token: Annotated[Text, Field(max_length=2048)]


class PasswordReset(Token):
    password: NewPassword


class PasswordChange(Body):
    current_password: Password
    new_password: NewPassword


class EmailChange(Body):
    current_password: Password
    email: Email


class UserUpdate(Body):
    """What is left out stays as it is."""

    is_active: StrictBool = Field(default_factory=bool)
    is_superuser: StrictBool = Field(default_factory=bool)
    is_verified: StrictBool = Field(default_factory=bool)
