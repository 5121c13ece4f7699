"""The fields of the question `domains`: which are refused, and why."""

import pytest

from tests.support.domains import DomainRenderer, domain

TYPES = [
    *("str:200", "text", "int", "bool", "decimal:10:2", "float", "date", "time", "datetime"),
    *("uuid", "json", "enum:open:paid", "ref:items"),
]


@pytest.fixture(scope="module")
def domains(tmp_path_factory: pytest.TempPathFactory) -> DomainRenderer:
    return DomainRenderer(tmp_path_factory.mktemp("template"))


@pytest.mark.parametrize(
    "field",
    [
        *(f"a:{kind}" for kind in TYPES),
        *(f"a:{kind}:null" for kind in TYPES),
        *(f"a:{kind}:unique" for kind in TYPES if kind[:4] not in {"text", "bool", "json", "enum"}),
        *(f"a:{kind}:index" for kind in TYPES if kind[:3] not in {"tex", "jso", "ref"}),
        *("a:str:1", "a:str:2000", "a:str:700:unique", "a:decimal:18:17", "a:decimal:1:0"),
        *("a:int:null:unique", "a:int:unique:null", "a:ref:items:null:restrict:unique"),
        *("a:ref:items:cascade", "a:ref:orders:null", "a:enum:a-1:B_2:index:default=a-1"),
        *(f'a:{kind}:default=it\'s "5" {{{{ a }}}} \\n: ü' for kind in ("str:40", "text")),
        *("a:text:default=", "a:bool:default=false", "a:enum:a:b:null:default=b"),
        *("a:int:default=0", "a:int:default=-12", "a:decimal:4:2:default=-12.5"),
        *("a:float:default=-0.5", "a:float:default=3", "a:float:default=1.5e-9"),
        *("a:date:default=2028-02-29", "a:time:default=09:30", "a:time:default=23:59:59"),
    ],
)
def test_accepted_fields(domains: DomainRenderer, field: str) -> None:
    assert domains.refusal([domain("orders", field)]) == ""


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("", 'has the name "", which is not a valid name'),
        (":int", "is not a valid name"),
        ("Total:int", 'has the name "Total", which is not a valid name'),
        ("total :int", "is not a valid name"),
        ("total", "needs a type, for example total:str:200. The types are str:200, text, int"),
        ("total:default=3", "needs a type"),
        ("total:null", 'has the unknown type "null"'),
        ("due:date?", "If the field may be empty, write due:date:null."),
        ("total:money", "Did you mean total:decimal:10:2?"),
        ("total:decimal(10,2)", "Did you mean total:decimal:10:2?"),
        ("name:String", "Did you mean name:str:200?"),
        ("customer:references:items", "Did you mean customer:ref:customers?"),
        ("class:int", "is a keyword of Python"),
        ("registry:int", "has the name of an attribute of every model"),
        ("model_year:int", "has the name of an attribute of every model"),
        ("xmin:int", "has the name of a system column"),
        ("float:int", "has a name that the code of every model uses"),
        ("a:str", "needs its length, from 1 to 2000, for example a:str:200"),
        ("a:str:", "needs its length"),
        ("a:str:0", "needs its length"),
        ("a:str:2001", "write a:text"),
        ("a:str:²", "needs its length"),
        ("a:str:701:unique", "is too long for an index of MySQL. Write at most a:str:700:unique."),
        ("a:str:2000:index", "is too long for an index"),
        ("a:decimal", "needs its digits, from 1 to 18, for example a:decimal:10:2"),
        ("a:decimal:19:2", "needs its digits"),
        ("a:decimal:10", "needs its decimal places"),
        ("a:decimal:2:2", "needs its decimal places, fewer than its 2 digits"),
        ("a:enum:open", "needs 2 to 40 values, for example a:enum:open:paid"),
        ("a:enum:" + ":".join(f"v{n}" for n in range(41)), "needs 2 to 40 values"),
        ("a:enum:open:1a", 'has the value "1a". A value has letters'),
        ("a:enum:open:", 'has the value ""'),
        ("a:enum:open:ä", "A value has letters"),
        ("a:enum:open:" + "x" * 51, "at most 50 characters"),
        ("a:enum:in-progress:IN_PROGRESS", "has two values that are equal, or differ only in case"),
        ("a:enum:open:paid:open", "has two values that are equal"),
        ("a:ref", "needs a domain, for example a:ref:customers"),
        ("a_id:ref:items", "gets the column a_id_id. Write a:ref:items for a column a_id"),
        ("a:ref:users", "cannot refer to users. With users, a row belongs to its owner"),
        ("a:ref:later", 'refers to "later", which does not exist or comes later'),
        ("a:ref:orders", "must be null for the first row. Write a:ref:orders:null."),
        ("a:ref:items:cascade:restrict", "can only do one when the other row is deleted"),
        ("a:int:10", 'has the unknown word "10" after int'),
        ("a:str:20:nullable", "The modifiers are null, unique, index and default=VALUE"),
        ("a:int:NULL", 'has the unknown word "NULL"'),
        ("a:str:null:20", "must have null at the end: a:str:20:null"),
        ("a:int:null:null", "says the same twice"),
        ("a:text:unique", "cannot have unique, because its type is text"),
        ("a:json:index", "cannot have index"),
        ("a:ref:items:index", "cannot have index"),
        ("a:int:cascade", "cannot have cascade"),
        ("a:datetime:default=2030-01-01", "cannot have default"),
        ("a:int:unique:index", "has an index because it is unique"),
        ("a:int:unique:default=3", "a default would fit only one row"),
        ("a:str:3:default=abcd", "needs a default of 1 to 3 characters"),
        ("a:str:3:default=", "needs a default of 1 to 3 characters"),
        ("a:str:20:default=a\nb", "has a default that is not one line of printable text"),
        ("a:int:default=3:null", "needs a number with at most 18 digits as its default"),
        ("a:int:default=007", "needs a number"),
        ("a:int:default=-0", "needs a number"),
        ("a:decimal:5:2:default=1234.5", "at most 3 digits before and 2 after the point"),
        ("a:float:default=nan", "needs a number as its default, for example default=0.5"),
        ("a:float:default=1e999", "needs a number"),
        ("a:bool:default=yes", "needs default=true or default=false"),
        ("a:date:default=2023-02-29", "needs a date after the year 1000"),
        ("a:date:default=1900-02-29", "needs a date"),
        ("a:time:default=24:00", "needs a time of day as its default"),
        ("a:enum:open:paid:default=shut", "needs one of its values as its default: open, paid"),
    ],
)  # fmt: skip
def test_refused_fields(domains: DomainRenderer, field: str, reason: str) -> None:
    refusal = domains.refusal([domain("orders", field)])
    assert refusal.startswith("orders: the field ")
    assert reason in refusal
    assert refusal.endswith(".")
    assert len(refusal.splitlines()) == 1


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        (["a:int", "a:str:5"], "a"),
        (["a:ref:items", "a:int"], "a"),
        (["a:ref:items", "a_id:int"], "a_id"),
        (["a_id:int", "a:ref:items"], "a_id"),
    ],
)
def test_two_fields_of_one_name(domains: DomainRenderer, fields: list[str], name: str) -> None:
    reason = f"has the name {name}, as another field has"
    assert reason in domains.refusal([domain("orders", *fields)])


@pytest.mark.parametrize("field", ["read:enum:a:b", "details:enum:a:b", "order_create:str:20"])
def test_type_of_a_field_has_the_name_of_a_class(domains: DomainRenderer, field: str) -> None:
    assert "and there is one of this name" in domains.refusal([domain("orders", field)])


def test_shared_domain_refers_only_to_shared_domains(domains: DomainRenderer) -> None:
    answer = [domain("keys"), domain("doors", "key:ref:keys", shared=True)]
    assert "it can only refer to a shared domain" in domains.refusal(answer)
    assert domains.refusal([domain("keys", shared=True), answer[1]]) == ""
