"""The question `domains`: which domains are refused, and why."""

from pathlib import Path

import pytest

from tests.support.domains import DomainRenderer, domain
from tests.support.files import read_files, replace_in_file
from tests.support.git import commit, make_repository
from tests.support.rendering import render_project
from tests.support.template import copy_template
from tests.updates.projects import ANSWERS_FILE, make_project, update_project
from tests.updates.releases import add_release

ORDERS = domain("orders", "number:str:40:unique")
PEOPLE = domain("people", "nick:str:20", one="person", shared=True)


@pytest.fixture(scope="module")
def domains(tmp_path_factory: pytest.TempPathFactory) -> DomainRenderer:
    return DomainRenderer(tmp_path_factory.mktemp("template"))


@pytest.mark.parametrize(
    "answer",
    [
        [],
        [ORDERS, PEOPLE],
        [domain("items", "name:str:200:unique", "price:decimal:10:2")],
        [domain("boxes", *(f"field_{n}:int:index:null" for n in range(60)))],
        [domain("a" * 23 + "s", "b" * 30 + ":text", "c" * 24 + ":ref:items")],
        [domain("keys", "date:date", "time:time:default=09:30", "datetime:datetime")],
        [domain("news", "enum:enum:a:b", "type:int", "match:float", one="article")],
        [domain("statuses", "order:int", "user:ref:items", one="status")],
        [PEOPLE, domain("teams", "lead:ref:people:null:restrict", shared=True)],
        [
            domain(
                "notes",
                "note:str:20",
                "text:text",
                "field:str:5",
                "read:bool",
                "parent:ref:notes:null",
            )
        ],
    ],
    ids=str,
)
def test_accepted_domains(domains: DomainRenderer, answer: object) -> None:
    assert domains.refusal(answer) == ""


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("orders", "must be a list"),
        (ORDERS, "must be a list"),
        (None, "must be a list"),
        (["orders"], '"orders" is not a domain'),
        ([{"fields": ["a:int"]}], "is not a domain. A domain has a name and fields"),
        ([{"name": 3, "fields": ["a:int"]}], "is not a domain"),
        ([domain("orders", owner=True)], 'orders: "owner" is unknown'),
        ([{"name": "orders"}], "orders needs a list of at least one field"),
        ([{"name": "orders", "fields": "a:int"}], "orders needs a list"),
        ([{"name": "orders", "fields": [{"a": "int"}]}], 'has the field {"a": "int"}, which is not a string'),
        ([domain("orders", one=3)], "`one` must be the name of one row"),
        ([domain("orders", shared="yes")], "`shared` must be true or false"),
        ([ORDERS, ORDERS], "orders: there are two domains of this name"),
        ([domain("Orders")], '"Orders" is not a valid name'),
        ([domain("order__lines")], "is not a valid name"),
        ([domain("orders_")], "is not a valid name"),
        ([domain("orders\n")], r'"orders\n" is not a valid name'),
        ([domain("ördering")], "is not a valid name"),
        ([domain("o" * 24 + "s")], "has 25 characters"),
        ([domain("pass")], '"pass" is a keyword'),
        ([domain("classes")], 'classes has the singular "class", which is a keyword'),
        ([domain("people")], "people has no singular by rule. Write it, for example one: person."),
        ([domain("news")], "one: article"),
        ([domain("status")], "status has no singular by rule"),
        ([domain("sheep", one="sheep")], "needs a singular that differs from the plural"),
        ([domain("users")], "users is the name of a module, a table or a path"),
        ([domain("jobs")], "is the name of a module"),
        ([domain("requests")], "requests has the singular request, which is the name of a variable"),
        ([domain("values", one="worth")], "values is the name of a variable"),
        ([domain("pg_roles")], "begins like the system tables"),
        ([domain("pages")], "would have the class Page, which the template has, too"),
        ([ORDERS, domain("order_reads")], "order_reads would have the class OrderRead, which orders has"),
        ([domain("a1", one="a_1")], "would have the class A1 twice"),
        (
            [domain("orders", "status:enum:a:b"), domain("statuses", one="order_status")],
            "statuses would have the class OrderStatus, which orders has, too",
        ),
        ([domain("rows", *(f"a{n}:str:2000" for n in range(9)))], "bytes for a row"),
        ([domain("rows", *(f"a{n}:str:63" for n in range(32)))], "bytes in a page of MySQL"),
        ([domain("rows", *(f"a{n}:int:index" for n in range(61)))], "needs 61 indexes"),
    ],
    ids=str,
)  # fmt: skip
def test_refused_domains(domains: DomainRenderer, answer: object, reason: str) -> None:
    refusal = domains.refusal(answer)
    assert reason in refusal
    assert refusal.endswith(".")


def test_each_refused_field_has_its_own_line(domains: DomainRenderer) -> None:
    lines = domains.refusal([domain("orders", "a:str", "b:int", "c:txt"), domain("keys", "d")])
    assert [line.split(" ")[3] for line in lines.splitlines()] == ['"a:str"', '"c:txt"', '"d"']


def test_items_are_the_first_domain_unless_they_are_left_out(domains: DomainRenderer) -> None:
    answer = [domain("orders", "item:ref:items")]
    assert domains.refusal(answer, example=True) == ""
    assert 'refers to "items", which does not exist' in domains.refusal(answer, example=False)


def test_only_the_index_of_the_pages_begins_with_the_owner(domains: DomainRenderer) -> None:
    """MySQL would use a unique index that begins with the owner, and sort all rows of the owner."""
    text = "".join(domains.render([ORDERS], auth=True).values())
    assert text.count('UniqueConstraint("number", "owner_id"') == 2  # the model and the revision


def test_refused_domain_writes_nothing(template: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='orders: the field "total:decimal" needs its digits'):
        render_project(template, tmp_path / "project", domains=[domain("orders", "total:decimal")])
    assert not (tmp_path / "project").exists()


def test_refused_domain_changes_nothing_during_an_update(tmp_path: Path) -> None:
    """Copier forgets an answer that a new release refuses, and takes the default instead."""

    def write_lenient_release(tree: Path) -> None:
        copy_template(tree)
        replace_in_file(tree / "copier.yml", r"  validator: .*hooks/domains/.*\n", "")

    repository = tmp_path / "template"
    make_repository(repository)
    add_release(repository, "v0.0.1", write_lenient_release)
    add_release(repository, "v0.0.2", copy_template)
    project = make_project(repository, tmp_path / "project", "v0.0.1", None, commits=False)
    replace_in_file(
        project / ANSWERS_FILE,
        r"domains: \[\]",
        'domains: [{name: orders, fields: ["a:str:5000"]}]',
    )
    make_repository(project)
    commit(project)
    before = read_files(project)
    with pytest.raises(ValueError, match="Validation error for question 'domains'"):
        update_project(project)
    assert read_files(project) == before
