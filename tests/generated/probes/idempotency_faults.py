"""Faults of requests with an idempotency key: each takes effect once, and gets one answer."""

import re
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from uuid import uuid4

from service import Client, Findings, Response, names
from tcp_proxy import Proxy

KEYS, CLIENTS = 5, 8


def post(client: Client, key: str) -> Response:
    return client.post("/items", json={"name": key}, headers={"Idempotency-Key": key})


def same_key_at_once(client: Client) -> Findings:
    """One request creates the item. Others get the same answer, or a 409 while it runs."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        for key in [str(uuid4()) for _ in range(KEYS)]:
            answers = list(pool.map(lambda _, key=key: post(client, key), range(CLIENTS)))
            answers.append(post(client, key))
            if not (statuses := {answer.status_code for answer in answers}) <= {201, 409}:
                yield f"answered {statuses}"
            if len({answer.content for answer in answers if answer.status_code == 201}) != 1:
                yield "the answers differ"
            if answers[-1].status_code != 201:
                yield "the answer is not repeated"
    if find_spec("python_multipart"):
        yield from same_form_again(client)


def same_form_again(client: Client) -> Findings:
    """A form, and one with a file, get their first answer. Another file needs another key."""
    for file in (b"", b"x" * 100_000):
        key = str(uuid4())
        files, headers = {"file": file} if file else None, {"Idempotency-Key": key}
        request = client.build_request(
            "POST", "/forms", data={"name": key}, files=files, headers=headers
        )
        first, again = client.send(request), client.send(request)
        if first.status_code != 201 or first.json()[1] != len(file):
            yield f"a form gets {first.status_code} {first.text}"
        if (again.status_code, again.content) != (201, first.content):
            yield f"the same form gets {again.status_code} {again.text}"
        other = client.post("/forms", data={"name": key}, files={"file": b"y"}, headers=headers)
        if other.status_code != 422:
            yield f"another form with the same key gets {other.status_code}"


def lose_answer_to_commit(proxy: Proxy, client: Client) -> Findings:
    """The database commits, but nobody knows. The client repeats the request and gets its answer."""
    post(client, str(uuid4()))  # opens a connection: a driver may commit the settings of a new one
    key = str(uuid4())
    proxy.losing = re.compile(rb"\bCOMMIT\b")  # not READ COMMITTED
    lost = post(client, key)
    proxy.losing = None
    if lost.status_code != 503 or "retry-after" not in lost.headers:
        yield f"the first request gets {lost.status_code}"
    if key not in names(client):
        yield "the row is not stored"
    repeated = post(client, key)
    if (repeated.status_code, repeated.json().get("name")) != (201, key):
        yield f"the second request gets {repeated.status_code} {repeated.text}"
    if client.get(repeated.headers["location"]).json() != repeated.json():
        yield "the answer is about another row"
