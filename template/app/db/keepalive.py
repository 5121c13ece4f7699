"""Ends the connections to a server that has vanished, for example because its power failed."""

import socket
from typing import Any

# Without these options, Linux waits for a vanished server for 15 minutes. The kernel of a living
# server answers the probes, however long a statement takes. But the timeout also ends a connection
# whose server reads nothing for so long, because one row of a large batch is slow. So it is as
# long as a statement may take: the default of DATABASE_STATEMENT_TIMEOUT.
TIMEOUT = 30  # seconds
PROBE_INTERVAL = 10  # seconds
PROBES = TIMEOUT // PROBE_INTERVAL - 1  # the first one follows an idle interval
OPTIONS = {  # each platform lacks some of them
    "TCP_KEEPIDLE": PROBE_INTERVAL,
    "TCP_KEEPALIVE": PROBE_INTERVAL,  # macOS's name of TCP_KEEPIDLE
    "TCP_KEEPINTVL": PROBE_INTERVAL,
    "TCP_KEEPCNT": PROBES,
    "TCP_USER_TIMEOUT": TIMEOUT * 1000,  # while sent data is not acknowledged: no probes are sent
}


def set_keepalive(transport: Any) -> None:
    connection = transport.get_extra_info("socket")
    if connection.family in (socket.AF_INET, socket.AF_INET6):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name in OPTIONS.keys() & vars(socket).keys():
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), OPTIONS[name])
