"""The files of the template stay readable: few branches, and no loop where an `if` is meant."""

from functools import cache
from math import inf

import jinja2
import pytest
from jinja2 import nodes

from tests.support.template import ROOT, read_config, read_questions

FOLDERS = ("template", "variants", "hooks")
FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*")
    if path.suffix == ".jinja" or folder == "variants"
    if path.is_file() and "__pycache__" not in path.parts
)
# The README, the dependencies and the messages describe the whole project: they depend on several
# answers. The values of domains are a table like those in copier.yml.
FILES_OF_ONE_QUESTION = [
    file
    for file in FILES
    if not file.startswith(
        ("hooks/", "template/README.md", "template/pyproject.toml", "variants/domains/values")
    )
]
ENVIRONMENT = jinja2.Environment()


def parse(file: str) -> nodes.Template:
    return ENVIRONMENT.parse((ROOT / file).read_text())


@cache
def question_names() -> frozenset[str]:
    return frozenset(read_questions(ROOT))


@cache
def computed_values() -> dict[str, nodes.Template]:
    """Returns the expressions in copier.yml by the name of the value that they compute."""
    return {
        name: ENVIRONMENT.parse(str(value["default"]))
        for name, value in read_config(ROOT).items()
        if not name.startswith("_") and name not in question_names()
    }


def names_in(node: nodes.Node) -> set[str]:
    found = {name.name for name in node.find_all(nodes.Name)}
    return found | ({node.name} if isinstance(node, nodes.Name) else set())


def questions_behind(name: str, names: dict[str, set[str]]) -> set[str]:
    """Returns the questions that a name depends on. `names` are those that define another name."""
    if name in question_names():
        return {name}
    others = {other: defined_by for other, defined_by in names.items() if other != name}
    return {question for used in names.get(name, ()) for question in questions_behind(used, others)}


def questions_of_branches(file: nodes.Template) -> set[str]:
    """Returns the questions in the conditions of `{% if %}`, `{% elif %}` and `{{ … if … }}`."""
    names = {name: names_in(used) for name, used in computed_values().items()}
    for assignment in file.find_all(nodes.Assign):
        names |= dict.fromkeys(names_in(assignment.target), names_in(assignment.node))
    for loop in file.find_all(nodes.For):
        names |= dict.fromkeys(names_in(loop.target), names_in(loop.iter))
    conditions = [node.test for node in file.find_all(nodes.If)]
    conditions += [node.test for node in file.find_all(nodes.CondExpr)]
    used = {name for condition in conditions for name in names_in(condition)}
    return {question for name in used for question in questions_behind(name, names)}


@pytest.mark.parametrize("file", FILES_OF_ONE_QUESTION)
def test_branches_of_a_file_depend_on_one_question(file: str) -> None:
    questions = questions_of_branches(parse(file))
    assert len(questions) <= 1, sorted(questions)


@pytest.mark.parametrize(
    ("text", "questions"),
    [
        ("{{ project_name }}{% for package in driver.packages %}{% endfor %}", set()),
        ("{% if auth %}{% elif driver.database == 'mysql' %}{% endif %}", {"auth", "db_driver"}),
        ("{{ 'a' if id.column else 'b' }}", {"id_type"}),
        ("{% set style = session_style %}{% if style == 'di' %}{% endif %}", {"session_style"}),
        ("{% for x in driver.packages %}{% if x %}{% endif %}{% endfor %}", {"db_driver"}),
    ],
)
def test_questions_of_branches(text: str, questions: set[str]) -> None:
    assert questions_of_branches(ENVIRONMENT.parse(text)) == questions


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
        ("{'mysql': ['mariadb']}.get(driver.database, [])", 1),
        ("{'mysql': ['mariadb', 'mysql']}.get(driver.database, [])", 2),
        ("driver.packages", inf),
    ],
)
def test_longest_list_of_an_expression(expression: str, count: float) -> None:
    loop = next(
        ENVIRONMENT.parse(f"{{% for x in {expression} %}}{{% endfor %}}").find_all(nodes.For)
    )
    assert longest(loop.iter, {}) == count
