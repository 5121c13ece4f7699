"""A TCP proxy before a database server, which counts round trips and can be stopped and started."""

import asyncio
import re
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Proxy:
    """`127.0.0.1:port` is the server. While the proxy is stopped, connections are refused and closed.

    `round_trips` counts how often the server has answered. Several requests may get one answer.
    While `losing` is set, a connection that sends a match is closed instead of getting an answer.
    """

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.port = 0
        self.round_trips = 0
        self.losing: re.Pattern[bytes] | None = None
        self.waiting: set[asyncio.StreamWriter] = set()  # clients that wait for an answer
        self.writers: set[asyncio.StreamWriter] = set()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.start()

    def start(self) -> None:
        self._run(self._listen())

    def stop(self) -> None:
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
        lost = asyncio.Event()

        def on_request(data: bytes) -> None:
            self.waiting.add(writer)
            if self.losing is not None and self.losing.search(data):
                lost.set()

        def on_answer(_: bytes) -> None:
            self.round_trips += writer in self.waiting
            self.waiting.discard(writer)
            if lost.is_set():
                writer.transport.abort()
                raise ConnectionAbortedError

        await asyncio.gather(
            self._copy(reader, server_writer, on_request),
            self._copy(server_reader, writer, on_answer),
        )

    async def _copy(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        watch: Callable[[bytes], None],
    ) -> None:
        self.writers.add(writer)
        try:
            while data := await reader.read(65536):
                watch(data)
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            self.writers.discard(writer)
            writer.close()
