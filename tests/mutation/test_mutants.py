"""Each kind of change is found, and changes only its place."""

import pytest

from tests.mutation.mutants import find_mutants

CHANGES = {
    "x = a + b": ["x = a - b"],
    "x = a < b": ["x = a <= b"],
    "x = a is not b": ["x = a is b"],
    "x = a not in b": ["x = a in b"],
    "x = a and b or c": ["x = a or b or c", "x = a and b and c"],
    "x = not a": ["x = (a)"],
    "x = a | b": [],  # joins types
    "x = 'word'": ["x = 'XXwordXX'"],
    "x = 'This is for people.'": [],
    "x = f(help='word')": [],
    "x = b''": ["x = b'XXXX'"],
    "x = True": ["x = False"],
    "x = 1.5": ["x = 2.5"],
    "x = 1e300": ["x = 2e+300"],
    "x = None": [],
    "T = TypeVar('T')": [],
    "x = [y for y in z if y]": ["x = [y for y in z if (not (y))]"],
    "x.y = z": ["pass"],
    "x = y": [],
    "x += y": ["pass"],
    "raise x": ["pass"],
    "raise x('word')": ["pass"],
    "f(x)": ["pass"],
    "'a docstring'": [],
    "x: list[1] = f": [],
    "x: Annotated[int, Field(ge=1)]": ["x: Annotated[int, Field(ge=2)]"],
    "if a == b:\n    pass": ["if a != b:\n    pass"],
    "if a:\n    pass": ["if (not (a)):\n    pass"],
    "def f():\n    if a is b:\n        return c": [
        "def f():\n    if a is not b:\n        return c",
        "def f():\n    if a is b:\n        pass",
    ],
}


@pytest.mark.parametrize("source", CHANGES)
def test_changes(source: str) -> None:
    found = find_mutants("app/x.py", source.encode())
    assert [mutant.apply(source.encode()).decode() for mutant in found] == CHANGES[source]


def test_description_has_no_line_numbers() -> None:
    source = "a = 1\nif x(\n    'ä' + y\n):\n    pass\n".encode()
    descriptions = [mutant.describe(source) for mutant in find_mutants("app/x.py", source)]
    assert "app/x.py: `'ä' + y` → `'ä' - y`" in descriptions
    assert "app/x.py: `a = 1` → `a = 2`" in descriptions
