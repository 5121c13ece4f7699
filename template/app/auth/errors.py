"""Errors of sign-in, registration and user management."""

from types import MappingProxyType

from app.errors import Conflict, DomainError, Forbidden
from app.http.problems import RETRY_AFTER


class NotSignedIn(DomainError):
    status = 401
    detail = "Sign in first."
    headers = MappingProxyType({"WWW-Authenticate": "Bearer"})


class SuperuserRequired(Forbidden):
    detail = "Only superusers may do this."


class EmailNotVerified(Forbidden):
    detail = "Verify your e-mail address first."


class CrossSiteRequest(Forbidden):
    detail = "Cross-site requests are not allowed."


class TooManyAttempts(DomainError):
    status = 429
    detail = "Too many attempts. Please try again later."

    def __init__(self, seconds: int) -> None:
        super().__init__()
        self.headers = {"Retry-After": str(seconds)}


class LimitsUnavailable(DomainError):
    """The storage of the rate limits does not answer."""

    status = 503
    detail = "The service is temporarily unavailable. Please retry."
    headers = RETRY_AFTER


class WrongCredentials(DomainError):
    detail = "The e-mail address or the password is wrong."


class WrongPassword(DomainError):
    detail = "The password is wrong."


class WeakPassword(DomainError):
    """The password violates the policy. The detail is the reason."""


class BadToken(DomainError):
    detail = "The token is invalid, expired or already used."


class EmailTaken(DomainError):
    detail = "There is already an account with this e-mail address."


class InvalidExpiry(DomainError):
    detail = "expires_at must be in the future, and in less than ten years."


class PasswordChanged(Conflict):
    detail = "The password was changed by another request."


class OwnAccount(Conflict):
    detail = "You cannot do this to your own account."
