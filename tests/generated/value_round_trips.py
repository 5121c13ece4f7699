"""Round trips of values: a service returns what it has accepted, unchanged, on every database."""

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

from tests.generated.raw_http import make_request, send
from tests.generated.results import Findings

# Pairs that a collation of MySQL or MariaDB, or a reader, may take for equal. A unique index must not.
SIMILAR = [
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
# All characters but lone surrogates and NUL, which no database stores. Unusual ones come up often.
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
UNUSUAL = st.sampled_from("aAáßıİ \t\n\u0301\u200b\u200d\u00ad\ufeff\u202eａ💡𝐚\uffff\\'%_")
TEXTS = st.text(CHARACTERS | UNUSUAL, max_size=150)
OFFSETS = st.timedeltas(timedelta(hours=-14), timedelta(hours=14)).map(
    lambda offset: timezone(timedelta(minutes=offset // timedelta(minutes=1)))
)
TIMESTAMPS = st.datetimes(
    datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999), timezones=OFFSETS
)
SETTINGS = settings(
    max_examples=25,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
)
numbers = count()


def expect_equal(found: object, expected: object, what: str) -> None:
    """Raises AssertionError with a message of one line, which becomes a finding."""
    if found != expected:
        raise AssertionError(f"{what}: {found!r} and not {expected!r}")


@dataclass(frozen=True)
class Client:
    """Sends requests to the service, signed in if it has users."""

    address: str
    authorization: str

    def __call__(self, method: str, path: str, body: object, status: int, what: str) -> Any:
        """Sends a request and returns the response, which must have this status."""
        headers = [("content-type", b"application/json")]
        headers += [("authorization", self.authorization.encode())] * bool(self.authorization)
        content = None if body is None else json.dumps(body).encode()
        response = send(self.address, make_request(method, path, headers, content))
        expect_equal(response.status, status, what)
        return json.loads(response.body) if response.body else None

    def create(self, name: str, status: int = 201, **more: object) -> Any:
        return self("POST", "/items", {"name": name, **more}, status, f"{name!r} is created")

    def read(self, item_id: object) -> Any:
        return self("GET", f"/items/{item_id}", None, 200, f"{item_id} is read")

    def create_by_probe(self, **values: object) -> Any:
        """Creates an item with values that clients cannot choose, and returns its id."""
        return self("POST", "/probe/items", values, 200, f"{values} is stored")


def texts_are_returned_unchanged(client: Client) -> None:
    @SETTINGS
    @given(TEXTS, TEXTS)
    def check(name: str, description: str) -> None:
        name = f"{next(numbers)} {name}"  # unique, and with an unusual end
        found = client.read(client.create(name, description=description)["id"])
        expect_equal(found["name"], name, "a name comes back")
        expect_equal(found["description"], description, "a description comes back")

    check()


def similar_names_differ(client: Client) -> None:
    def check_difference(one: str, other: str) -> None:
        number = next(numbers)
        names = f"{number} {one}", f"{number} {other}"
        for status in (201, 409):  # both can be created, but not twice
            for name in names:
                client.create(name, status)

    for one, other in SIMILAR:
        check_difference(one, other)

    @SETTINGS
    @given(TEXTS, st.sampled_from(VARIATIONS))
    def check(name: str, vary: Callable[[str], str]) -> None:
        other = vary(name)
        assume(other != name and len(other) < 190)
        check_difference(name, other)

    check()


def timestamps_are_returned_unchanged(client: Client) -> None:
    @SETTINGS
    @given(TIMESTAMPS)
    def check(timestamp: datetime) -> None:
        found = datetime.fromisoformat(
            client.read(client.create_by_probe(created_at=str(timestamp)))["created_at"]
        )
        expect_equal(
            found.isoformat(), timestamp.astimezone(UTC).isoformat(), f"{timestamp} comes back"
        )

    check()


def naive_timestamps_are_refused(client: Client) -> None:
    body = {"created_at": "2026-01-01T00:00:00"}
    client("POST", "/probe/items", body, 422, "a timestamp without an offset")


def pagination_ends_with_new_ids(client: Client) -> None:
    created = [client.create(f"{next(numbers)}")["id"] for _ in range(20)]
    expect_equal(list_ids(client)[-20:], created, "the last of all pages")


def pagination_works_with_lowest_and_highest_ids(client: Client) -> None:
    known = client.create(f"{next(numbers)}")["id"]
    ends = (
        [1, 2**63 - 1] if isinstance(known, int) else [str(UUID(int=0)), str(UUID(int=2**128 - 1))]
    )
    first, last = ends
    if first in list_ids(client):
        client("DELETE", f"/items/{first}", None, 204, "the first item is deleted")
    for end in ends:
        expect_equal(client.create_by_probe(id=end), end, "an id is stored")
        expect_equal(client.read(end)["id"], end, "an id is read")
        change = {"name": f"{next(numbers)}"}
        expect_equal(
            client("PATCH", f"/items/{end}", change, 200, "PATCH")["name"], change["name"], "PATCH"
        )
    found = list_ids(client)
    expect_equal([found[0], found[-1]], ends, "the first and the last of all pages")
    expect_equal(found, sorted(set(found)), "all pages")
    expect_equal(
        client("GET", f"/items?after={last}", None, 200, "a page")["items"], [], "after the last"
    )
    for end in ends:
        client("DELETE", f"/items/{end}", None, 204, f"DELETE {end}")
        client("GET", f"/items/{end}", None, 404, f"{end} after DELETE")


def list_ids(client: Client) -> list[Any]:
    """Returns the ids of all items, by keyset pagination."""
    found: list[Any] = []
    query = "limit=100"
    while True:
        page = client("GET", f"/items?{query}", None, 200, "a page")
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            return found
        query = f"limit=100&after={page['next']}"


# The last one creates the highest id, after which no item can be created.
CHECKS: list[Callable[[Client], None]] = [
    texts_are_returned_unchanged,
    similar_names_differ,
    timestamps_are_returned_unchanged,
    naive_timestamps_are_refused,
    pagination_ends_with_new_ids,
    pagination_works_with_lowest_and_highest_ids,
]


def check_value_round_trips(address: str, authorization: str) -> Findings:
    """Returns the failures of each check, by its name."""
    findings: Findings = {}
    for check in CHECKS:
        found = findings[check.__name__] = []
        try:
            check(Client(address, authorization))
        except (AssertionError, Flaky) as error:
            found.append(str(error).splitlines()[0])
    return findings
