"""The pool of connections: first come, first served."""

import asyncio
from typing import Any

from sqlalchemy import PoolProxiedConnection, event
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry
from sqlalchemy.util import await_


class FairPool(AsyncAdaptedQueuePool):
    """SQLAlchemy's, in whose own queue those that wait are overtaken by those that come.

    Under load that is a wait of half a second for one request in a hundred (sqlalchemy#7679).
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._turns = asyncio.Semaphore(self.size())
        event.listen(self, "checkin", next_turn)

    def connect(self) -> PoolProxiedConnection:
        await_(self._turn())
        try:
            connection = super().connect()
        except BaseException:
            self._turns.release()
            raise
        assert connection.record_info is not None
        connection.record_info["turns"] = self._turns
        return connection

    async def _turn(self) -> None:
        try:
            async with asyncio.timeout(self.timeout()):
                await self._turns.acquire()
        except TimeoutError:
            message = f"All {self.size()} connections were in use for {self.timeout():g} seconds."
            raise PoolTimeout(message) from None


def next_turn(_: object, record: ConnectionPoolEntry) -> None:
    if record.record_info and (turns := record.record_info.pop("turns", None)):
        turns.release()
