"""Finds the mutants of a Python file: each has one other operator, constant, condition or statement."""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from itertools import pairwise

# There is no `|` among them: most of these join types, and the code could not be imported.
OPERATORS = {
    "+": "-",
    "-": "+",
    "*": "/",
    "/": "*",
    "//": "*",
    "%": "*",
    "**": "*",
    "&": "|",
    "<": "<=",
    "<=": "<",
    ">": ">=",
    ">=": ">",
    "==": "!=",
    "!=": "==",
    "is": "is not",
    "is not": "is",
    "in": "not in",
    "not in": "in",
    "and": "or",
    "or": "and",
}
OPERATOR = re.compile(r"is\s+not\b|not\s+in\b|\w+|[-+*/%&<>=!]+")
NEGATED = (ast.Eq, ast.NotEq, ast.Is, ast.IsNot, ast.In, ast.NotIn)  # by the operator replacing it

# Statements without which the code still runs. Without an assignment it would hardly start.
DELETED = (ast.AugAssign, ast.Break, ast.Continue, ast.Delete, ast.Raise)

# Text for people. A test that repeats it would only mirror the code.
PROSE = re.compile(r"[A-Z]?[a-z]+ .*|.* .*[.:]\s*", re.DOTALL)
PROSE_ARGUMENTS = {"description", "help"}


@dataclass(frozen=True, order=True)
class Mutant:
    """One change of a file: the bytes from `start` to `end` are replaced."""

    path: str
    start: int
    end: int
    new: bytes

    def apply(self, source: bytes) -> bytes:
        return source[: self.start] + self.new + source[self.end :]

    def diff(self, source: bytes) -> str:
        before, after = (text.decode().splitlines() for text in (source, self.apply(source)))
        return "\n".join(unified_diff(before, after, self.path, self.path, "", "", 1, ""))

    def describe(self, source: bytes) -> str:
        """The path and the changed lines, without their numbers, which change often."""
        first, last = source.rfind(b"\n", 0, self.start) + 1, source.find(b"\n", self.end)
        before = source[first:last]
        after = source[first : self.start] + self.new + source[self.end : last]
        old, new = (" ".join(lines.decode().split()) for lines in (before, after))
        return f"{self.path}: `{old}` → `{new}`"


def find_mutants(path: str, source: bytes) -> list[Mutant]:
    """Returns all mutants of a file, in the order of the file."""
    finder = Finder(source)
    finder.visit(ast.parse(source))
    return sorted({Mutant(path, *change) for change in finder.changes})


class Finder(ast.NodeVisitor):
    """Collects changes, each as a start, an end and the new bytes."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.starts = [0]  # of the lines
        for line in source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.changes: list[tuple[int, int, bytes]] = []

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None and node.end_col_offset is not None
        start = self.starts[node.lineno - 1] + node.col_offset
        return start, self.starts[node.end_lineno - 1] + node.end_col_offset

    def text(self, node: ast.expr) -> str:
        start, end = self.span(node)
        return self.source[start:end].decode()

    def replace(self, node: ast.expr | ast.stmt, new: str) -> None:
        self.changes.append((*self.span(node), new.encode()))

    def replace_operators(self, operands: Sequence[ast.expr]) -> None:
        """Replace the operator between each two operands."""
        for left, right in pairwise(operands):
            end = self.span(left)[1]
            between = self.source[end : self.span(right)[0]].decode()
            if (found := OPERATOR.search(between)) and (new := OPERATORS.get(found[0])):
                self.changes.append((end + found.start(), end + found.end(), new.encode()))

    def negate(self, conditions: Iterable[ast.expr]) -> None:
        for test in conditions:
            flips = isinstance(test, ast.Compare) and isinstance(test.ops[0], NEGATED)
            if not flips and not isinstance(test, ast.UnaryOp):
                self.replace(test, f"(not ({self.text(test)}))")

    def visit(self, node: ast.AST) -> None:
        match node:
            case ast.BinOp():
                self.replace_operators([node.left, node.right])
            case ast.BoolOp():
                self.replace_operators(node.values)
            case ast.Compare():
                self.replace_operators([node.left, *node.comparators])
            case ast.UnaryOp(op=ast.Not()):
                self.replace(node, f"({self.text(node.operand)})")
            case ast.If() | ast.While() | ast.IfExp():
                self.negate([node.test])
            case ast.comprehension():
                self.negate(node.ifs)
            case ast.Constant():
                self.visit_constant(node)
            case ast.Expr(value=ast.Call() | ast.Await()):
                self.replace(node, "pass")
            case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
                self.replace(node, "pass")
            case ast.stmt() if isinstance(node, DELETED):
                self.replace(node, "pass")
        if isinstance(node, ast.If | ast.ExceptHandler):
            for each in node.body:
                if isinstance(each, ast.Return):
                    self.replace(each, "pass")
        for child in children(node):
            self.visit(child)

    def visit_constant(self, node: ast.Constant) -> None:
        match node.value:
            case bool():
                self.replace(node, str(not node.value))
            case int() | float():
                larger = node.value + 1
                self.replace(node, str(larger if larger != node.value else 2 * node.value))
            case bytes():  # text on both sides, because SQL takes `XX` at the end for an alias
                self.replace(node, repr(b"XX" + node.value + b"XX"))
            case str() if not PROSE.fullmatch(node.value):
                self.replace(node, repr(f"XX{node.value}XX"))


def children(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a node that have mutants: in annotations, only calls such as `Field(ge=1)`."""
    match node:
        case ast.Expr(value=ast.Constant()) | ast.JoinedStr():
            return  # a docstring; an f-string, whose parts have no positions before Python 3.12
        case ast.keyword() if node.arg in PROSE_ARGUMENTS:
            return
        case ast.Call(func=ast.Name(id="TypeVar")):
            return  # its name
        case ast.Raise(exc=ast.Call(args=[ast.Constant(), *_])):
            return  # its message
    for name, value in ast.iter_fields(node):
        for each in value if isinstance(value, list) else [value]:
            if name in {"annotation", "returns"} and each is not None:
                yield from (part for part in ast.walk(each) if isinstance(part, ast.Call))
            elif isinstance(each, ast.AST):
                yield each
