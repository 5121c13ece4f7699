"""A TCP proxy before a database server, which counts, can be cut, and be there again."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Proxy:
    """`127.0.0.1:port` is the server while it is up; refused, and nothing held, while it is cut.

    `round_trips` is how often the server has answered what it was asked, all at once or not.
    """

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.port = 0
        self.round_trips = 0
        self.asked: set[asyncio.StreamWriter] = set()  # the clients that wait for an answer
        self.writers: set[asyncio.StreamWriter] = set()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.up()

    def up(self) -> None:
        self._run(self._listen())

    def cut(self) -> None:
        self._run(self._close())

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    async def _listen(self) -> None:
        self.server = await asyncio.start_server(self._connect, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self.server.close()
        for writer in list(self.writers):
            writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(*self.target)

        def ask() -> None:
            self.asked.add(writer)

        def answer() -> None:
            self.round_trips += writer in self.asked
            self.asked.discard(writer)

        await asyncio.gather(
            self._copy(reader, server_writer, ask), self._copy(server_reader, writer, answer)
        )

    async def _copy(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, notice: Callable[[], None]
    ) -> None:
        self.writers.add(writer)
        try:
            while data := await reader.read(65536):
                notice()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            self.writers.discard(writer)
            writer.close()
