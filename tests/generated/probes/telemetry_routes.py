"""Routes of a domain that is added to a project: conflicts, errors and an outgoing request."""

from app.db.database import TransactionConflict
from app.db.session import DatabaseDep
from fastapi import APIRouter
from opentelemetry.propagate import inject
from sqlalchemy import text

router = APIRouter(prefix="/probe")
attempts = 0


@router.post("/conflict")
async def conflict() -> int:
    global attempts
    attempts += 1
    if attempts < 3:
        raise TransactionConflict
    return attempts


@router.get("/outgoing")
async def outgoing() -> dict[str, str]:
    headers: dict[str, str] = {}
    inject(headers)
    return headers


@router.get("/failure")
async def fail() -> None:
    raise RuntimeError


@router.get("/failed-statement")
async def fail_statement(value: str, db: DatabaseDep) -> None:
    async with db.unit() as session:
        await session.execute(
            text("SELECT missing FROM nowhere WHERE x = :value"), {"value": value}
        )
