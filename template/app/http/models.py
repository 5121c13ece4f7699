"""The table of idempotency keys."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel
from starlette.responses import Response

from app.db.types import ExactString, Timestamp


class IdempotencyKey(SQLModel, table=True):
    """A key of a client, and the response to the first request with it."""

    __tablename__ = "idempotency_keys"

    id: str = Field(primary_key=True, sa_type=ExactString(64))  # a digest of the key and its owner
    fingerprint: str = Field(sa_type=ExactString(64))  # a digest of the request
    response: dict[str, Any] = Field(default={}, sa_type=JSON)  # empty while the request runs
    expires_at: datetime = Field(sa_type=Timestamp, index=True)

    def store(self, response: Response) -> None:
        """Keep a response without its cookies, which may be secret. Latin-1 maps every byte."""
        self.response = {
            "status": response.status_code,
            "headers": [pair for pair in response.headers.items() if pair[0] != "set-cookie"],
            "body": bytes(response.body).decode("latin-1"),
        }

    def load(self) -> Response:
        stored = self.response
        response = Response(stored["body"].encode("latin-1"), stored["status"])
        response.raw_headers = [
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in stored["headers"]
        ]
        return response
