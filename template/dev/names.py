"""Finds the names that source files define, without importing them."""

import ast
from collections.abc import Iterator
from pathlib import Path

from dev.answers import ROOT, Refused


def defined_names(folder: Path) -> dict[str, Path]:
    """Model classes, tables and path prefixes, such as `table orders`, with their files."""
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*.py")):
        try:
            tree = ast.parse(path.read_bytes())
        except SyntaxError as error:
            raise Refused(f"{path}, line {error.lineno}: {error.msg}") from None
        models = "models" in (path.stem, path.parent.name)
        found |= dict.fromkeys(names_in(tree, models), path)
    return found


def names_in(tree: ast.AST, models: bool) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef() if models:
                yield f"class {node.name}"
                if any(keyword.arg == "table" for keyword in node.keywords):
                    yield f"table {table_name(node)}"
            case ast.Call(
                func=ast.Name("Table") | ast.Attribute(attr="Table"),
                args=[ast.Constant(str(name)), *_],
            ):
                yield f"table {name}"
            case ast.keyword("prefix", ast.Constant(str(prefix))):
                yield f"path {prefix}"


def table_name(model: ast.ClassDef) -> str:
    for node in model.body:
        match node:
            case ast.Assign([ast.Name("__tablename__")], ast.Constant(str(name))):
                return name
    return model.name.lower()  # SQLModel's default


def check_names(names: dict[str, Path], domain: str) -> None:
    """Raise Refused if code outside the domain defines one of the names."""
    for folder in (ROOT / "app").iterdir():
        if folder.is_dir() and folder.name != domain:
            for name, path in defined_names(folder).items():
                if name in names:
                    file = path.relative_to(ROOT).as_posix()
                    raise Refused(f"{domain}: {file} already has the {name}.")


def check_attributes(attributes: list[str], domain: str) -> None:
    """Raise Refused if a model of the domain has one of the attributes."""
    models = ROOT / "app" / domain / "models.py"
    tree = ast.parse(models.read_bytes()) if models.exists() else ast.Module([], [])
    for node in ast.walk(tree):
        match node:
            case ast.AnnAssign(ast.Name(name)) if name in attributes:
                raise Refused(f'{domain}: app/{domain}/models.py already has "{name}".')
