"""Passwords: the policy, and hashing outside the event loop."""

import os
from functools import cache
from pathlib import Path
from unicodedata import normalize

from anyio import CapacityLimiter, to_thread
from pwdlib import PasswordHash
from pwdlib.exceptions import PwdlibError
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

from app.auth.errors import WeakPassword
from app.auth.settings import MAX_LENGTH

# The lifespan sets it to PASSWORD_HASH_CONCURRENCY. The number of CPUs would be too high: in a
# container, it is that of the machine.
limiter = CapacityLimiter(1)
hasher = PasswordHash((Argon2Hasher(), BcryptHasher()))  # bcrypt only verifies older hashes


@cache
def dummy_hash() -> str:
    return hasher.hash(os.urandom(16))


@cache
def common_passwords() -> frozenset[str]:
    """The 5,000 most common passwords of at least 8 characters, from Django's list (BSD-3)."""
    return frozenset(Path(__file__).with_name("common_passwords.txt").read_text().split())


def check_policy(password: str, email: str, min_length: int) -> None:
    """Raise WeakPassword if the password is easy to guess."""
    password = normalize("NFC", password)
    if not min_length <= len(password) <= MAX_LENGTH:
        raise WeakPassword(f"The password must be {min_length} to {MAX_LENGTH} characters long.")
    if password.lower() in common_passwords():
        raise WeakPassword("This password is too common.")
    if email.lower() in password.lower():
        raise WeakPassword("The password must not contain the e-mail address.")


async def hash_password(password: str) -> str:
    """Hash the password, whichever way a system types its accents: as one character or as two."""
    return await to_thread.run_sync(hasher.hash, normalize("NFC", password), limiter=limiter)


async def verify_password(password: str, hashed: str | None) -> tuple[bool, str | None]:
    """Whether the password is right, and a new hash if the old one is outdated.

    Without a hash, the result is False after the same amount of work.
    """

    def verify() -> tuple[bool, str | None]:
        try:
            return hasher.verify_and_update(normalize("NFC", password), hashed or dummy_hash())
        except (PwdlibError, ValueError):  # not a hash, or the password is too long for bcrypt
            return False, None

    right, new_hash = await to_thread.run_sync(verify, limiter=limiter)
    return (right, new_hash) if hashed else (False, None)
