"""Registration of users."""

from collections.abc import Sequence

import pytest
from fastapi import APIRouter, FastAPI
from httpx2 import AsyncClient
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from app.api import include_domain
from app.auth.dependencies import Manager
from app.auth.errors import EmailTaken
from app.auth.mail import VERIFY
from app.auth.models import User
from app.auth.repository import UserRepository
from app.db.database import Database
from tests.auth.fixtures import PASSWORD, Accounts, Outbox
from tests.database import make_commit_fail

routes = APIRouter(prefix="/test-registration")


@routes.post("/commit-fails")
async def commit_fails(manager: Manager) -> None:
    await manager.register("new@example.com", PASSWORD)
    await make_commit_fail(manager.users.session)


@routes.post("/fails")
async def fails(manager: Manager) -> None:
    await manager.register("new@example.com", PASSWORD)
    raise RuntimeError("a bug")


@pytest.fixture(scope="module", autouse=True)
def mount(app: FastAPI) -> None:
    include_domain(app, routes)


async def emails(db: Database) -> Sequence[str]:
    async with db.unit(read_only=True) as session:
        return (await session.exec(select(User.email))).all()


async def test_register_and_confirm_email(client: AsyncClient, outbox: Outbox) -> None:
    body = {"email": "New@Example.com", "password": PASSWORD}
    response = await client.post("/auth/register", json=body)
    assert response.status_code == 201
    new = response.json()
    flags = {"is_active": True, "is_superuser": False, "is_verified": False}
    assert new == {"id": new["id"], "email": "new@example.com", **flags}
    ((letter, to, token),) = outbox
    assert (letter, to) == (VERIFY, "new@example.com")
    response = await client.post("/auth/verify", json={"token": token})
    assert (response.status_code, response.json()) == (200, new | {"is_verified": True})
    form = {"username": "NEW@example.com", "password": PASSWORD}
    assert (await client.post("/auth/jwt/login", data=form)).status_code == 200


@pytest.mark.parametrize(("path", "statuses"), [("commit-fails", {409, 503}), ("fails", {500})])
async def test_failed_registration_creates_no_user_and_sends_no_mail(
    client: AsyncClient, db: Database, outbox: Outbox, path: str, statuses: set[int]
) -> None:
    assert (await client.post(f"/test-registration/{path}")).status_code in statuses
    assert (await emails(db), outbox) == ([], [])


async def test_other_integrity_errors_are_not_email_taken(accounts: Accounts, db: Database) -> None:
    user = await accounts.add("user@example.com")
    with pytest.raises(IntegrityError):
        async with db.unit() as session:
            missing = {"hashed_password": None}
            await UserRepository.from_session(session).update(await session.merge(user), missing)
    with pytest.raises(EmailTaken):
        await accounts.add("user@example.com")
