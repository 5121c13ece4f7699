"""The options of sockets that end the connections to a server that has vanished."""

import os
import socket
from typing import Any

from app.db.engine import create_migrator, create_reader, create_writer
from app.settings import Settings

EXPECTED = {"TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 2}
if hasattr(socket, "TCP_KEEPIDLE"):  # not on macOS
    EXPECTED["TCP_KEEPIDLE"] = 10
if hasattr(socket, "TCP_USER_TIMEOUT"):  # on Linux
    EXPECTED["TCP_USER_TIMEOUT"] = 30_000


def copy_socket(connection: Any) -> socket.socket:
    """Each driver keeps its socket elsewhere."""
    if not hasattr(connection, "fileno"):  # psycopg has this method
        transport = getattr(connection, "_transport", None) or connection._writer
        connection = transport.get_extra_info("socket")
    return socket.socket(fileno=os.dup(connection.fileno()))


async def test_vanished_server_is_noticed(settings: Settings) -> None:
    for create in (create_writer, create_reader, create_migrator):
        engine = create(settings)
        async with engine.connect() as connection:
            with copy_socket((await connection.get_raw_connection()).driver_connection) as it:
                found = {
                    name: it.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
                    for name in EXPECTED
                }
                assert it.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert found == EXPECTED
        await engine.dispose()
