"""Values through a served project: what it accepts comes back as it was, on every database."""

import json
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from itertools import count
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky

from tests.wire import request, send

# Equal to some collation of MySQL or MariaDB, or to some eye; not to a unique index.
ALIKE = [
    *[("a", "A"), ("a", "á"), ("á", "a\u0301"), ("ß", "ss"), ("ß", "ẞ"), ("ä", "ae"), ("ø", "o")],
    *[("a", "a "), ("a ", "a  "), ("a", " a"), ("a", "a\t"), ("a", "a\n"), ("a b", "a\u00a0b")],
    *[("a", "a\u200b"), ("a", "a\u00ad"), ("a", "\ufeffa"), ("a", "a\u0001"), ("a", "a\u034f")],
    *[("i", "ı"), ("I", "İ"), ("i", "i\u0307"), ("K", "\u212a"), ("Å", "\u212b"), ("σ", "ς")],
    *[("a", "ａ"), ("1", "١"), ("1", "¹"), ("ﬁ", "fi"), ("Ǆ", "ǆ"), ("ｶ", "カ"), ("か", "が")],
    *[("💡", "💩"), ("👍", "👍🏽"), ("👩", "👩\u200d🔬"), ("☺", "☺\ufe0f"), ("𝐚", "a"), ("а", "a")],
    *[("한", "\u1112\u1161\u11ab"), ("\U0010ffff", "\U0010fffd"), ("a", "a%"), ("a_", "ab")],
]
VARIATIONS: list[Callable[[str], str]] = [
    str.upper,
    str.lower,
    str.swapcase,
    str.casefold,
    str.strip,
    lambda text: text + " ",
    lambda text: text + "\u200b",
    *(partial(unicodedata.normalize, form) for form in ("NFC", "NFD", "NFKC", "NFKD")),
]
# All but half surrogate pairs and NUL, which no database stores; what is odd comes up often.
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
ODD = st.sampled_from("aAáßıİ \t\n\u0301\u200b\u200d\u00ad\ufeff\u202eａ💡𝐚\uffff\\'%_")
TEXTS = st.text(CHARACTERS | ODD, max_size=150)
OFFSETS = st.timedeltas(timedelta(hours=-14), timedelta(hours=14)).map(
    lambda offset: timezone(timedelta(minutes=offset // timedelta(minutes=1)))
)
INSTANTS = st.datetimes(
    datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999), timezones=OFFSETS
)
EVERY = settings(
    max_examples=25,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
)
numbers = count()


def hold(found: object, expected: object, what: str) -> None:
    """Without pytest's help in saying what was found."""
    if found != expected:
        raise AssertionError(f"{what}: {found!r} and not {expected!r}")


@dataclass(frozen=True)
class Client:
    address: str
    authorization: str

    def __call__(self, method: str, path: str, body: object, status: int, what: str) -> Any:
        """What is answered, if it is with this status."""
        headers = [("content-type", b"application/json")]
        headers += [("authorization", self.authorization.encode())] * bool(self.authorization)
        content = None if body is None else json.dumps(body).encode()
        answer = send(self.address, request(method, path, headers, content))
        hold(answer.status, status, what)
        return json.loads(answer.body) if answer.body else None

    def create(self, name: str, status: int = 201, **more: object) -> Any:
        return self("POST", "/items", {"name": name, **more}, status, f"{name!r} is created")

    def read(self, item_id: object) -> Any:
        return self("GET", f"/items/{item_id}", None, 200, f"{item_id} is read")

    def add(self, **odd: object) -> Any:
        """The id of an item that the API lets nobody make."""
        return self("POST", "/probe/items", odd, 200, f"{odd} is stored")


def texts_come_back(client: Client) -> None:
    @EVERY
    @given(TEXTS, TEXTS)
    def check(name: str, description: str) -> None:
        name = f"{next(numbers)} {name}"  # of this run, and yet with an odd end
        found = client.read(client.create(name, description=description)["id"])
        hold(found["name"], name, "a name comes back")
        hold(found["description"], description, "a description comes back")

    check()


def names_are_exact(client: Client) -> None:
    def differ(one: str, other: str) -> None:
        number = next(numbers)
        names = f"{number} {one}", f"{number} {other}"
        for status in (201, 409):  # each for itself, and once
            for name in names:
                client.create(name, status)

    for one, other in ALIKE:
        differ(one, other)

    @EVERY
    @given(TEXTS, st.sampled_from(VARIATIONS))
    def check(name: str, vary: Callable[[str], str]) -> None:
        other = vary(name)
        assume(other != name and len(other) < 190)
        differ(name, other)

    check()


def instants_are_exact(client: Client) -> None:
    @EVERY
    @given(INSTANTS)
    def check(instant: datetime) -> None:
        found = datetime.fromisoformat(
            client.read(client.add(created_at=str(instant)))["created_at"]
        )
        hold(found.isoformat(), instant.astimezone(UTC).isoformat(), f"{instant} comes back")

    check()


def naive_instants_are_refused(client: Client) -> None:
    body = {"created_at": "2026-01-01T00:00:00"}
    client("POST", "/probe/items", body, 422, "an instant without an offset")


def new_ids_come_last(client: Client) -> None:
    created = [client.create(f"{next(numbers)}")["id"] for _ in range(20)]
    hold(pages(client)[-20:], created, "the last of all pages")


def ids_hold_at_their_ends(client: Client) -> None:
    known = client.create(f"{next(numbers)}")["id"]
    ends = (
        [1, 2**63 - 1] if isinstance(known, int) else [str(UUID(int=0)), str(UUID(int=2**128 - 1))]
    )
    first, last = ends
    if first in pages(client):
        client("DELETE", f"/items/{first}", None, 204, "the first item is deleted")
    for end in ends:
        hold(client.add(id=end), end, "an id is kept")
        hold(client.read(end)["id"], end, "an id is read")
        change = {"name": f"{next(numbers)}"}
        hold(
            client("PATCH", f"/items/{end}", change, 200, "PATCH")["name"], change["name"], "PATCH"
        )
    found = pages(client)
    hold([found[0], found[-1]], ends, "the first and the last of all pages")
    hold(found, sorted(set(found)), "all pages")
    hold(client("GET", f"/items?after={last}", None, 200, "a page")["items"], [], "after the last")
    for end in ends:
        client("DELETE", f"/items/{end}", None, 204, f"DELETE {end}")
        client("GET", f"/items/{end}", None, 404, f"{end} after DELETE")


def pages(client: Client) -> list[Any]:
    """The ids of all items, page by page."""
    found: list[Any] = []
    query = "limit=100"
    while True:
        page = client("GET", f"/items?{query}", None, 200, "a page")
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            return found
        query = f"limit=100&after={page['next']}"


CHECKS = [
    texts_come_back,
    names_are_exact,
    instants_are_exact,
    naive_instants_are_refused,
    new_ids_come_last,
    ids_hold_at_their_ends,  # the last: after the greatest id of all there is no other
]


def find_lost_values(address: str, authorization: str) -> dict[str, list[str]]:
    """By the name of a check, what did not hold."""
    found: dict[str, list[str]] = {}
    for check in CHECKS:
        found[check.__name__.replace("_", " ")] = faults = []
        try:
            check(Client(address, authorization))
        except (AssertionError, Flaky) as fault:
            faults.append(str(fault).splitlines()[0])
    return found
