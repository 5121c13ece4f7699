"""A first-in, first-out connection pool."""

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Any

from sqlalchemy import PoolProxiedConnection, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry
from sqlalchemy.util import await_


class FifoPool(AsyncAdaptedQueuePool):
    """A pool in which the task that has waited longest gets the next connection.

    In SQLAlchemy's own pool, a new task can overtake waiting tasks (sqlalchemy#7679): under load,
    one request in a hundred waits for half a second.

    Any error while a connection is opened becomes an OperationalError with
    `connection_invalidated`, even if the driver itself does not treat it as a database error.
    """

    observe_wait: Callable[[float], None] | None = None  # gets the seconds of each wait

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._turns = asyncio.Semaphore(self.size())
        event.listen(self, "checkin", release_turn)

    def connect(self) -> PoolProxiedConnection:
        await_(self._acquire_turn())
        try:
            connection = super().connect()
        except Exception as error:
            self._turns.release()
            raise OperationalError(None, None, error, connection_invalidated=True) from error
        except BaseException:
            self._turns.release()
            raise
        assert connection.record_info is not None
        connection.record_info["turns"] = self._turns
        return connection

    async def _acquire_turn(self) -> None:
        start = perf_counter()
        try:
            async with asyncio.timeout(self.timeout()):
                await self._turns.acquire()
        except TimeoutError:
            message = f"All {self.size()} connections were in use for {self.timeout():g} seconds."
            raise PoolTimeout(message) from None
        finally:
            if self.observe_wait is not None:
                self.observe_wait(perf_counter() - start)


def release_turn(_: object, record: ConnectionPoolEntry) -> None:
    if record.record_info and (turns := record.record_info.pop("turns", None)):
        turns.release()
