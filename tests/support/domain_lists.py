"""A Hypothesis strategy for the answer `domains`: mostly right, with names that are hard, and wrong."""

from functools import cache
from typing import Any

from hypothesis import strategies as st

PLAIN = "amount body city code color country due name note number price size state title weight"
# Names that the code, Python or a database uses for something else.
RISKY = """
after alias all annotated any async bytes case change check class client cls columns config copy
create data date datetime db decimal default delete desc details dict dt enum exact field fields
filter float format from group hash id index input int interval is item items iter json key last
len limit list map match max metadata min model model_id n name new next now object oid on op open
options order owner page path print property query range rank read reference registry relation
request response result rollback router row rowid rows sa schema select self session set signal
sorted state status str sum super system table task text time tuple type union unset update user
uuid value values vars where with xmin yield zip
"""
PLURALS = """
addresses articles boxes categories changes checks classes clients customers databases dates
details enums fields files filters groups indexes keys limits lists models orders order_lines
options pages products properties queues quizzes relations repositories requests responses
rows samples schemas sessions sets statuses strs tables tasks tests texts times tokens types users
uuids values
"""
VALUES = ["open", "paid", "in-progress", "None", "true", "name", "value", "mro", "x1", "A", "a-b-c"]
TEXTS = [
    "it's",
    'say "hi"',
    "both ' and \"",
    "a\\b",
    "{x} {{ y }}",
    "%s {0}",
    "ünï 🚀",
    "a:b",
    "# x",
]
WRONG = [
    "",
    "Total",
    "null",
    "unique",
    "index",
    "default=",
    "decimal:2:2",
    "str:0",
    "enum:a",
    "ref:x",
]

words = st.from_regex(r"[a-z][a-z0-9]{0,9}(_[a-z0-9]{1,9})?", fullmatch=True)
names = st.one_of(*map(st.sampled_from, (PLAIN.split(), PLAIN.split(), RISKY.split())), words)
texts = st.one_of(st.sampled_from(TEXTS), st.text("ab 'z\"\\{", min_size=1, max_size=120))
indexed = ["", ":unique", ":index", ":null", ":null:unique", ":null:index"]
plain = ["", "", ":null", ":null:index", ":index"]


def types(start: Any, modifiers: list[str], default: st.SearchStrategy[Any] | None = None) -> Any:
    """What follows the name of a field, with a default or with modifiers."""
    parts = [st.just(start) if isinstance(start, str) else start, st.sampled_from(modifiers)]
    found = st.tuples(*parts)
    if default is not None:
        without_unique = st.sampled_from(["", ":null"])
        found |= st.tuples(parts[0], without_unique, default.map(lambda value: f":default={value}"))
    return found.map("".join)


enums = st.lists(st.sampled_from(VALUES), min_size=2, max_size=6, unique=True)
TYPES = st.one_of(
    types(st.integers(120, 700).map("str:{}".format), indexed, texts),
    types(st.integers(701, 2000).map("str:{}".format), ["", ":null"], texts),
    types(st.sampled_from(["str:1", "str:9", "decimal:1:0", "decimal:18:17"]), indexed),
    types("text", ["", ":null"], texts),
    types("int", indexed, st.integers(-999, 10**17)),
    types("bool", plain, st.sampled_from(["true", "false"])),
    types(st.integers(5, 18).map("decimal:{}:2".format), indexed, st.integers(-999, 999)),
    types("float", indexed, st.sampled_from(["0", "-1.5", "1e9", "2.50", "12345678.25e-9"])),
    types("date", indexed, st.dates().map(str)),
    types("time", indexed, st.times().map(lambda time: time.isoformat("minutes"))),
    types(st.sampled_from(["datetime", "uuid"]), indexed),
    types("json", ["", ":null"]),
    types(enums.map(":".join).map("enum:{}".format), plain),
    types(enums.map(lambda values: f"enum:{':'.join(values)}:default={values[-1]}"), [""]),
    types("ref:{target}", ["", ":unique", ":cascade", ":null", ":null:restrict", ":null:unique"]),
)


@cache
def fields(targets: tuple[str, ...]) -> st.SearchStrategy[str]:
    targeted = st.tuples(TYPES, st.sampled_from(targets)).map(
        lambda found: found[0].replace("{target}", found[1])
    )
    return st.tuples(names, targeted).map(":".join)


@st.composite
def domain_lists(draw: st.DrawFn) -> list[dict[str, Any]]:
    domains: list[dict[str, Any]] = []
    plurals = st.sampled_from(PLURALS.split()) | words.map(lambda name: f"{name}s")
    for plural in draw(st.lists(plurals, min_size=1, max_size=3, unique=True)):
        targets = tuple(domain["name"] for domain in domains) or (f"{plural}",)
        found = draw(
            st.lists(
                fields(targets), min_size=1, max_size=8, unique_by=lambda f: f.partition(":")[0]
            )
        )
        domains.append({"name": plural, "fields": found})
        domains[-1] |= draw(st.sampled_from([{}, {}, {"one": "thing"}, {"shared": True}]))
    if draw(st.integers(0, 4)) == 0:
        wrong = draw(st.sampled_from(domains))["fields"]
        place = draw(st.integers(0, len(wrong) - 1))
        wrong[place] = ":".join([wrong[place].partition(":")[0], draw(st.sampled_from(WRONG))])
    return domains
