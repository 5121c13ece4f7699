"""Passwords: hashed off the event loop, a few at a time, and not among those that everyone tries."""

import os
from functools import cache
from pathlib import Path

from anyio import CapacityLimiter, to_thread
from fastapi import HTTPException
from pwdlib import PasswordHash
from pwdlib.exceptions import PwdlibError
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

from app.auth.settings import settings

SHORTEST, LONGEST = settings.password_min_length, 1024  # characters; argon2 would take any number
limiter = CapacityLimiter(os.cpu_count() or 1)  # at once: each hash takes 64 MiB
hasher = PasswordHash((Argon2Hasher(), BcryptHasher()))  # bcrypt: only to read older hashes


@cache
def nobodys_hash() -> str:
    return hasher.hash(os.urandom(16))


@cache
def common_passwords() -> frozenset[str]:
    """5,000 of eight characters and more, the most common first, from Django's list (BSD-3)."""
    return frozenset(Path(__file__).with_name("common_passwords.txt").read_text().split())


def check_policy(password: str, email: str) -> None:
    """Raise 400, with the reason, for a password that is easy to guess."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise HTTPException(400, f"A password has {SHORTEST} to {LONGEST} characters.")
    if password.lower() in common_passwords():
        raise HTTPException(400, "This password is one of those that everyone tries.")
    if email.lower() in password.lower():
        raise HTTPException(400, "A password must not contain the e-mail address.")


async def hash_password(password: str) -> str:
    return await to_thread.run_sync(hasher.hash, password, limiter=limiter)


async def verify_password(password: str, hashed: str | None) -> tuple[bool, str | None]:
    """Whether it is right, and a newer hash if the old one is outdated.

    Without a hash the answer is no, for the same amount of work.
    """

    def verify() -> tuple[bool, str | None]:
        try:
            return hasher.verify_and_update(password, hashed or nobodys_hash())
        except (PwdlibError, ValueError):  # no hash at all, or too long a password for it
            return False, None

    right, newer = await to_thread.run_sync(verify, limiter=limiter)
    return (right, newer) if hashed else (False, None)
