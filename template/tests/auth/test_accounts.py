"""What happens to an account: made, confirmed, changed by its owner."""

from collections.abc import Sequence

import pytest
from fastapi import APIRouter
from httpx2 import AsyncClient
from sqlmodel import select

from app.api import routers
from app.auth.backends import Manager
from app.auth.mail import ADDRESS_CHANGED, NEW_ADDRESS, PASSWORD_CHANGED, RESET, VERIFY
from app.auth.models import User
from app.db.database import Database
from tests.auth.fixtures import PASSWORD, Outbox, add_user
from tests.database import make_commit_fail

NEW = "another long password"
routes = APIRouter(prefix="/test-accounts")


@routes.post("/commit-fails")
async def commit_fails(manager: Manager) -> None:
    await manager.register("new@example.com", PASSWORD)
    await make_commit_fail(manager.users.session)


@routes.post("/refused")
async def refused(manager: Manager) -> None:
    await manager.register("new@example.com", PASSWORD)
    raise RuntimeError("a bug")


routers.append(routes)


async def emails(db: Database) -> Sequence[str]:
    async with db.unit(read_only=True) as session:
        return (await session.exec(select(User.email))).all()


async def sign_in(client: AsyncClient, email: str, password: str = PASSWORD) -> int:
    form = {"username": email, "password": password}
    return (await client.post("/auth/jwt/login", data=form)).status_code


async def test_register_and_verify(client: AsyncClient, outbox: Outbox) -> None:
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
    assert await sign_in(client, "NEW@example.com") == 200


@pytest.mark.parametrize(("path", "statuses"), [("commit-fails", {409, 503}), ("refused", {500})])
async def test_a_failed_registration_leaves_no_user_and_no_mail(
    client: AsyncClient, db: Database, outbox: Outbox, path: str, statuses: set[int]
) -> None:
    assert (await client.post(f"/test-accounts/{path}")).status_code in statuses
    assert (await emails(db), outbox) == ([], [])


async def test_a_forgotten_password(client: AsyncClient, user: User, outbox: Outbox) -> None:
    assert (
        await client.post("/auth/forgot-password", json={"email": "USER@example.com"})
    ).status_code == 202
    ((letter, to, token),) = outbox
    assert (letter, to) == (RESET, user.email)
    body = {"token": token, "password": NEW}
    assert (await client.post("/auth/reset-password", json=body)).status_code == 200
    assert outbox[1:] == [(PASSWORD_CHANGED, user.email, "")]
    assert await sign_in(client, user.email) == 400
    assert await sign_in(client, user.email, NEW) == 200


async def test_mail_for_nobody(client: AsyncClient, user: User, outbox: Outbox) -> None:
    for path, email in (
        ("forgot-password", "nobody@example.com"),
        ("request-verify-token", "nobody@example.com"),
        ("request-verify-token", user.email),  # who is verified already
    ):
        response = await client.post(f"/auth/{path}", json={"email": email})
        assert (response.status_code, response.json()) == (202, None)
    assert outbox == []


async def test_a_new_password_needs_the_current_one(
    client: AsyncClient, user_client: AsyncClient, user: User, outbox: Outbox
) -> None:
    body = {"current_password": "wrong", "new_password": NEW}
    assert (await user_client.post("/users/me/password", json=body)).status_code == 400
    del body["current_password"]
    assert (await user_client.post("/users/me/password", json=body)).status_code == 422
    assert outbox == []
    assert await sign_in(client, user.email) == 200

    body["current_password"] = PASSWORD
    assert (await user_client.post("/users/me/password", json=body)).status_code == 204
    assert outbox == [(PASSWORD_CHANGED, user.email, "")]
    assert await sign_in(client, user.email) == 400
    assert await sign_in(client, user.email, NEW) == 200


async def test_a_new_address_needs_the_password(user_client: AsyncClient, outbox: Outbox) -> None:
    body = {"current_password": "wrong", "email": "new@example.com"}
    assert (await user_client.post("/users/me/email", json=body)).status_code == 400
    del body["current_password"]
    assert (await user_client.post("/users/me/email", json=body)).status_code == 422
    assert outbox == []


async def test_a_new_address_is_confirmed_first(
    client: AsyncClient, user_client: AsyncClient, db: Database, outbox: Outbox
) -> None:
    body = {"current_password": PASSWORD, "email": "New@example.com"}
    assert (await user_client.post("/users/me/email", json=body)).status_code == 202
    assert await emails(db) == ["user@example.com"]
    ((letter, to, token),) = outbox
    assert (letter, to) == (NEW_ADDRESS, "new@example.com")

    response = await client.post("/users/confirm-email", json={"token": token})
    assert (response.status_code, response.json()["email"]) == (200, "new@example.com")
    assert outbox[1:] == [(ADDRESS_CHANGED, "user@example.com", "")]
    assert await sign_in(client, "user@example.com") == 400
    assert await sign_in(client, "new@example.com") == 200
    response = await client.post("/users/confirm-email", json={"token": token})
    assert response.status_code == 400  # it was used


async def test_the_own_address_in_another_case(user_client: AsyncClient, outbox: Outbox) -> None:
    body = {"current_password": PASSWORD, "email": "USER@example.com"}
    assert (await user_client.post("/users/me/email", json=body)).status_code == 202


async def test_a_new_address_that_another_has_taken(
    client: AsyncClient, user_client: AsyncClient, db: Database, outbox: Outbox
) -> None:
    body = {"current_password": PASSWORD, "email": "new@example.com"}
    assert (await user_client.post("/users/me/email", json=body)).status_code == 202
    await add_user(db, "new@example.com")
    response = await client.post("/users/confirm-email", json={"token": outbox[-1][2]})
    assert response.status_code == 400
    assert sorted(await emails(db)) == ["new@example.com", "user@example.com"]
    assert len(outbox) == 1
