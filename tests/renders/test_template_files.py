"""The files of the template stay readable: few branches, and no loop where an `if` is meant."""

from collections.abc import Iterator
from math import inf
from typing import Any

import jinja2
import pytest
from jinja2 import nodes
from jinja2.meta import find_undeclared_variables

from tests.support.template import ROOT, read_config, read_questions

FOLDERS = ("template", "variants", "hooks")
FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*")
    if path.suffix == ".jinja" or folder == "variants"
    if path.is_file() and "__pycache__" not in path.parts
)
# These describe the whole project, so that they depend on several answers.
ABOUT_EVERYTHING = {"template/README.md.jinja", "template/pyproject.toml.jinja"}
ENVIRONMENT = jinja2.Environment()


def parse(file: str) -> nodes.Template:
    return ENVIRONMENT.parse((ROOT / file).read_text())


def computed_values() -> dict[str, nodes.Template]:
    """Returns the expressions in copier.yml by the name of the value that they compute."""
    questions = read_questions(ROOT)
    return {
        name: ENVIRONMENT.parse(str(value["default"]))
        for name, value in read_config(ROOT).items()
        if not name.startswith("_") and name not in questions
    }


def names_in(node: nodes.Node) -> set[str]:
    found = {name.name for name in node.find_all(nodes.Name)}
    return found | ({node.name} if isinstance(node, nodes.Name) else set())


def questions_behind(name: str, values: dict[str, Any]) -> set[str]:
    """Returns the questions that a name in a template depends on, through computed values."""
    if name in read_questions(ROOT):
        return {name}
    if name not in values:
        return set()
    used = values[name]
    names = find_undeclared_variables(used) if isinstance(used, nodes.Template) else used
    return {question for other in names for question in questions_behind(other, values)}


def branch_conditions(file: nodes.Template) -> Iterator[nodes.Node]:
    """Yields the conditions of `{% if %}`, `{% elif %}` and `{{ … if … else … }}`."""
    yield from (node.test for node in file.find_all(nodes.If))
    yield from (node.test for node in file.find_all(nodes.CondExpr))


@pytest.mark.parametrize("file", [f for f in FILES if not f.startswith("hooks/")])
def test_branches_of_a_file_depend_on_one_question(file: str) -> None:
    if file in ABOUT_EVERYTHING:
        return
    parsed = parse(file)
    values: dict[str, Any] = dict(computed_values())
    for assignment in parsed.find_all(nodes.Assign):
        values |= dict.fromkeys(names_in(assignment.target), names_in(assignment.node))
    for loop in parsed.find_all(nodes.For):
        values |= dict.fromkeys(names_in(loop.target), names_in(loop.iter))
    names = {name for condition in branch_conditions(parsed) for name in names_in(condition)}
    questions = {question for name in names for question in questions_behind(name, values)}
    assert len(questions) <= 1, sorted(questions)


def longest(node: nodes.Node, values: dict[str, nodes.Template]) -> float:
    """Returns how many elements an expression has at most; infinity if that is not easy to tell."""
    match node:
        case nodes.List(items=items):
            return len(items)
        case nodes.CondExpr(expr1=one, expr2=other):
            return max(longest(one, values), longest(other, values) if other else 0)
        case nodes.Add(left=left, right=right):
            return longest(left, values) + longest(right, values)
        case nodes.Filter(name="to_json" | "list" | "sort", node=inner) if inner:
            return longest(inner, values)
        case nodes.Call(node=nodes.Getattr(node=nodes.Dict(items=pairs), attr="get"), args=args):
            return max(longest(value, values) for value in [*(p.value for p in pairs), *args[1:]])
        case nodes.Name(name=name) if name in values:
            (output,) = values[name].body
            assert isinstance(output, nodes.Output)
            (expression,) = output.nodes
            return longest(expression, values)
        case _:
            return inf


@pytest.mark.parametrize("file", FILES)
def test_loops_can_have_several_elements(file: str) -> None:
    """A loop over a list of none or one is an `if` in disguise, and harder to read."""
    values = computed_values()
    loops = [(loop.lineno, longest(loop.iter, values)) for loop in parse(file).find_all(nodes.For)]
    assert [f"line {line}" for line, count in loops if count <= 1] == []


@pytest.mark.parametrize(
    ("expression", "count"),
    [
        ("(['users'] if auth else [])", 1),
        ("(['users'] if auth else []) + ['items']", 2),
        ("{'mysql': ['mariadb']}.get(db.family, [])", 1),
        ("{'mysql': ['mariadb', 'mysql']}.get(db.family, [])", 2),
        ("db.packages", inf),
    ],
)
def test_longest_list_of_an_expression(expression: str, count: float) -> None:
    loop = next(
        ENVIRONMENT.parse(f"{{% for x in {expression} %}}{{% endfor %}}").find_all(nodes.For)
    )
    assert longest(loop.iter, {}) == count
