"""What the API accepts and returns for users."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, EmailStr, Field, StrictBool

from app.auth.models import normalize_email
from app.auth.settings import MAX_LENGTH, MIN_LENGTH
from app.db.ids import Id
from app.http.schemas import Instant, Text


def check_email(value: str) -> str:
    if (email := normalize_email(value)) is None:
        raise ValueError("it must be an e-mail address")
    return email


Email = Annotated[EmailStr, Field(max_length=254), AfterValidator(check_email)]
Password = Annotated[Text, Field(max_length=MAX_LENGTH)]
# Only the OpenAPI document uses this minimum: the error of check_policy() has a reason.
NewPassword = Annotated[Password, Field(json_schema_extra={"minLength": MIN_LENGTH})]


class UserRead(BaseModel):
    id: Id
    email: str
    is_active: bool
    is_superuser: bool
    is_verified: bool


class Body(BaseModel):
    """Rejects fields that a client may not set."""

    model_config = ConfigDict(extra="forbid")


class Credentials(BaseModel):
    """The login form. Other OAuth2 fields are ignored."""

    username: Annotated[str, Field(min_length=1, max_length=1024)]
    password: Annotated[str, Field(min_length=1, max_length=MAX_LENGTH)]


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


class KeyCreate(Body):
    current_password: Password
    name: Annotated[Text, Field(min_length=1, max_length=100)]
    expires_at: Instant | None = None


class KeyRead(BaseModel):
    id: Id
    name: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="To the minute.")


class NewKey(KeyRead):
    key: str = Field(description="Only this response contains the key.")


class UserUpdate(Body):
    """A field that is left out keeps its value."""

    is_active: StrictBool = Field(default_factory=bool)
    is_superuser: StrictBool = Field(default_factory=bool)
    is_verified: StrictBool = Field(default_factory=bool)
