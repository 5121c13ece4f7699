"""Changes of the password and the e-mail address."""

from collections.abc import Sequence

import pytest
from httpx2 import AsyncClient
from sqlmodel import select, update

from app.auth.mail import EMAIL_CHANGED, NEW_EMAIL, PASSWORD_CHANGED, RESET
from app.auth.models import User
from app.db.database import Database
from tests.auth.fixtures import PASSWORD, Accounts, Outbox

NEW = "another long password"


async def emails(db: Database) -> Sequence[str]:
    async with db.unit(read_only=True) as session:
        return (await session.exec(select(User.email))).all()


async def sign_in(client: AsyncClient, email: str, password: str = PASSWORD) -> int:
    form = {"username": email, "password": password}
    return (await client.post("/auth/jwt/login", data=form)).status_code


async def test_reset_password(client: AsyncClient, user: User, outbox: Outbox) -> None:
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


async def test_no_mail_to_unknown_or_verified_address(
    client: AsyncClient, user: User, outbox: Outbox
) -> None:
    for path, email in (
        ("forgot-password", "nobody@example.com"),
        ("request-verify-token", "nobody@example.com"),
        ("request-verify-token", user.email),  # it is already verified
    ):
        response = await client.post(f"/auth/{path}", json={"email": email})
        assert (response.status_code, response.json()) == (202, None)
    assert outbox == []


async def test_change_password_requires_current_password(
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


async def test_new_password_must_not_be_weak(
    client: AsyncClient, user_client: AsyncClient, user: User, outbox: Outbox
) -> None:
    change = {"current_password": PASSWORD, "new_password": "short"}
    response = await user_client.post("/users/me/password", json=change)
    assert (response.status_code, "characters" in response.json()["detail"]) == (400, True)

    await client.post("/auth/forgot-password", json={"email": user.email})
    reset = {"token": outbox[0][2], "password": "short"}
    assert (await client.post("/auth/reset-password", json=reset)).status_code == 400
    reset["password"] = NEW  # the token is not used up
    assert (await client.post("/auth/reset-password", json=reset)).status_code == 200


async def test_change_email_requires_password(user_client: AsyncClient, outbox: Outbox) -> None:
    body = {"current_password": "wrong", "email": "new@example.com"}
    assert (await user_client.post("/users/me/email", json=body)).status_code == 400
    del body["current_password"]
    assert (await user_client.post("/users/me/email", json=body)).status_code == 422
    assert outbox == []


async def test_change_email_after_confirmation(
    client: AsyncClient, user_client: AsyncClient, db: Database, outbox: Outbox
) -> None:
    async with db.unit() as session:
        await session.exec(update(User).values(is_verified=False))
    body = {"current_password": PASSWORD, "email": "New@example.com"}
    assert (await user_client.post("/users/me/email", json=body)).status_code == 202
    assert await emails(db) == ["user@example.com"]
    ((letter, to, token),) = outbox
    assert (letter, to) == (NEW_EMAIL, "new@example.com")

    response = await client.post("/users/confirm-email", json={"token": token})
    assert (response.status_code, response.json()["email"]) == (200, "new@example.com")
    assert response.json()["is_verified"]
    assert outbox[1:] == [(EMAIL_CHANGED, "user@example.com", "")]
    assert await sign_in(client, "user@example.com") == 400
    assert await sign_in(client, "new@example.com") == 200
    response = await client.post("/users/confirm-email", json={"token": token})
    assert response.status_code == 400  # the token is used


async def test_change_email_to_own_address_in_another_case(
    user_client: AsyncClient, outbox: Outbox
) -> None:
    body = {"current_password": PASSWORD, "email": "USER@example.com"}
    assert (await user_client.post("/users/me/email", json=body)).status_code == 202


async def test_change_email_to_taken_address(
    client: AsyncClient,
    user_client: AsyncClient,
    db: Database,
    accounts: Accounts,
    outbox: Outbox,
) -> None:
    body = {"current_password": PASSWORD, "email": "new@example.com"}
    assert (await user_client.post("/users/me/email", json=body)).status_code == 202
    await accounts.add("new@example.com")
    response = await client.post("/users/confirm-email", json={"token": outbox[-1][2]})
    assert response.status_code == 400
    assert sorted(await emails(db)) == ["new@example.com", "user@example.com"]
    assert len(outbox) == 1


async def test_change_password_concurrently(
    user_client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def replace_password(*_: object) -> bool:
        return False  # another request was faster

    monkeypatch.setattr("app.auth.repository.UserRepository.replace_password", replace_password)
    body = {"current_password": PASSWORD, "new_password": NEW}
    response = await user_client.post("/users/me/password", json=body)
    assert (response.status_code, "token" in response.text) == (409, False)
