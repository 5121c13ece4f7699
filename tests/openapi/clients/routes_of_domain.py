"""A domain whose functions have the same names as those of another domain."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body

router = APIRouter(prefix="/DOMAIN", tags=["DOMAIN"])


@router.get("/export")
async def export() -> list[datetime]:
    """Export everything."""
    return []


@router.post("/rename")
async def rename(old: Annotated[str, Body()], new: Annotated[str, Body()]) -> None:
    """Rename something."""
