"""Faults of clients: they hang up, time out, read slowly, write concurrently, and are retried."""

import hashlib
import json
import random
import secrets
import socket
import struct
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from itertools import product
from uuid import uuid4

from httpx2 import TransportError
from service import Client, Findings, create, names

HANGING_UP = 200
CANCELLED = 400
CUT_OFF = 0  # instead of a status
RESET = socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
"""The option of a socket that sends RST instead of FIN when it is closed."""
STATUSES_OF_CANCELLED = {200, 201, 503, 504, CUT_OFF}
INCREMENTS = 120
KINDS = ["stream", "file"] if find_spec("python_multipart") else ["stream"]


def raw_request(client: Client, method: str, path: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: test", "Content-Type: application/json", *headers]
    lines += [f"Authorization: {client.headers.get('authorization', '')}"]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def connect(client: Client) -> socket.socket:
    return socket.create_connection((client.base_url.host, client.base_url.port or 80))


def hang_up(client: Client, number: int) -> None:
    body = json.dumps({"name": f"rough {number}"}).encode()
    sent = random.choice(
        [
            raw_request(client, "GET", "/items?limit=100"),
            raw_request(client, "POST", "/items", body),
            raw_request(client, "POST", "/items", body)[:-5],
            raw_request(client, "POST", "/probe/slow"),
            raw_request(client, "GET", "/probe/stream"),
        ]
    )
    with connect(client) as connection:
        connection.sendall(sent)
        time.sleep(random.uniform(0, 0.4))
        if number % 2:
            connection.setsockopt(*RESET)


def clients_hang_up(client: Client) -> Findings:
    """Nothing is checked but the recovery afterwards."""
    with ThreadPoolExecutor(HANGING_UP) as pool:
        list(pool.map(partial(hang_up, client), range(HANGING_UP)))
    yield from ()


def tasks_are_cancelled(client: Client) -> Findings:
    """Tasks are cancelled, as by a timeout. Each item that was answered with 201 is stored."""

    def request(number: int) -> tuple[str, int]:
        name, after = str(uuid4()), random.uniform(0, 0.04)
        twice = f"{after} {after + 0.0005}" if random.random() < 0.3 else f"{after}"
        headers = {"X-Cancel": twice}
        try:
            if number % 3 == 0:
                return "", client.get("/items", headers=headers).status_code
            if number % 3 == 1:
                return "", client.post("/probe/slow", headers=headers).status_code
            answer = client.post("/items", headers=headers, json={"name": name})
        except TransportError:  # cancelled after the first byte of the response
            return "", CUT_OFF
        return name, answer.status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(request, range(CANCELLED)))
    statuses = Counter(status for _, status in answers)
    if not statuses.keys() <= STATUSES_OF_CANCELLED:
        yield f"answered {dict(statuses)}"
    if statuses[504] < CANCELLED // 10:
        yield f"only {statuses[504]} were cancelled"
    if lost := {name for name, status in answers if status == 201} - names(client):
        yield f"{len(lost)} rows are lost"


def client_reads_slowly(client: Client) -> Findings:
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        reader.connect((client.base_url.host, client.base_url.port or 80))
        reader.sendall(raw_request(client, "GET", "/probe/stream"))
        reader.recv(10)
        time.sleep(1)
        if (pools := client.get("/probe/pools").json()) != [0, 0]:
            yield f"it holds connections: {pools}"


def concurrent_increments(client: Client) -> Findings:
    item = create(client).json()["id"]
    with ThreadPoolExecutor(INCREMENTS) as pool:
        path = f"/probe/increment/{item}"
        answers = list(pool.map(lambda _: client.post(path), range(INCREMENTS)))
    done = [answer.json() for answer in answers if answer.status_code == 200]
    others = {answer.status_code for answer in answers} - {200}
    value = int(client.get(f"/items/{item}").json()["description"])
    if others - {503}:
        yield f"answered {others}"
    if sorted(done) != list(range(1, value + 1)):
        yield f"{len(done)} clients got a 200, but the value is {value}"
    if len(done) < INCREMENTS // 2:
        yield f"only {len(done)} of {INCREMENTS} succeeded"


def uploads_are_retried(client: Client) -> Findings:
    """After a conflict an upload is retried completely, or refused if it is too long to be kept."""
    for kind, (size, expected) in product(KINDS, ((700_000, 200), (2_000_000, 503))):
        body, name = secrets.token_bytes(size), f"{kind} of {size}"
        sent = {"files": {"file": body}} if kind == "file" else {"content": body}
        client.post("/probe/forget-attempts")
        answer = client.post(f"/probe/upload/{name}", **sent)
        if answer.status_code != expected:
            yield f"a {name} bytes gets {answer.status_code}"
        elif expected == 200 and answer.json() != [hashlib.sha256(body).hexdigest(), 2]:
            yield f"a {name} bytes arrives differently: {answer.json()}"
        if (name in names(client)) != (expected == 200):
            yield f"a {name} bytes gets {answer.status_code}, which its row contradicts"
