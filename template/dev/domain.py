"""`uv run just domain`, `field` and `remove-domain`: updates that change the answer `domains`."""

import shutil
import sys
from typing import Annotated, Any

import typer

from dev.answers import (
    ROOT,
    Domain,
    Refused,
    all_domains,
    answered_domains,
    check_git,
    edited_files,
    find,
    git,
    rendered,
    update,
)
from dev.names import check_attributes, check_names, defined_names

HELP = """
A field is NAME:TYPE, followed by :null, :unique or :index, and by :default=VALUE at the end.

\b
Types:
  str:LENGTH    text    int    bool    decimal:DIGITS:DECIMALS    float
  date    time    datetime    uuid    json    enum:VALUE:VALUE
  ref:DOMAIN    ref:DOMAIN:restrict    ref:DOMAIN:cascade

\b
Examples:
  uv run just domain customers name:str:200 email:str:320:unique
  uv run just domain orders number:str:40:unique total:decimal:10:2 \\
      due:date:null status:enum:open:paid:default=open customer:ref:customers
  uv run just field orders note:text:null
  uv run just remove-domain orders
"""

commands = typer.Typer(add_completion=False, rich_markup_mode=None)
Name = Annotated[str, typer.Argument(help="The name of the domain, in the plural.")]
Fields = Annotated[list[str], typer.Argument(help="One or more fields.")]
One = Annotated[str, typer.Option(help="The singular, if it is irregular: person for people.")]
Shared = Annotated[bool, typer.Option("--shared", help="All users share the rows.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the plan, and change nothing.")]
Force = Annotated[bool, typer.Option("--force", help="Remove the files that you edited, too.")]


@commands.command("domain", epilog=HELP, no_args_is_help=True)
def add(
    name: Name, fields: Fields, one: One = "", shared: Shared = False, dry_run: DryRun = False
) -> None:
    """Add a domain: its table, schemas, repository, routes and tests."""
    check_git(dry_run)
    if name in (domain["name"] for domain in all_domains()):
        raise Refused(f"{name}: this domain exists. Add fields to it with: just field {name}")
    domain: Domain = {"name": name, "fields": fields}
    domain |= ({"one": one} if one else {}) | ({"shared": True} if shared else {})
    changes = {"domains": [*answered_domains(), domain]}
    with rendered(name, changes) as project:
        folders = [f"app/{name}", f"tests/{name}"]
        for folder in folders:
            if any((ROOT / folder).rglob("*.py")):
                raise Refused(f"{name}: {folder}/ exists. Choose another name.")
        names = defined_names(project / "app" / name)
        check_names(names, name)
        paths = [path for folder in folders for path in sorted((project / folder).rglob("*.py"))]
        files = [path.relative_to(project).as_posix() for path in paths]
    show(f"Add {name}", list(names))
    show("Columns", columns(fields))
    show("Files", files)
    apply(name, changes, f"add {name}", dry_run)


@commands.command("field", epilog=HELP, no_args_is_help=True)
def add_fields(name: Name, fields: Fields, dry_run: DryRun = False) -> None:
    """Add fields to a domain. Your edits of its files are kept."""
    check_git(dry_run)
    domain = find(name)
    extended = {**domain, "fields": [*domain["fields"], *fields]}
    answered = answered_domains()
    if domain in answered:
        answered[answered.index(domain)] = extended
    else:  # the items of the example, which come first
        answered.insert(0, extended)
    changes = {"domains": answered}
    with rendered(name, changes) as project:
        check_names(defined_names(project / "app" / name), name)
    check_attributes([column.split()[0] for column in columns(fields)], name)
    show(f"Add columns to {name}, in app/{name}/ and tests/{name}/", columns(fields))
    added = ", ".join(field.partition(":")[0] for field in fields)
    apply(name, changes, f"add {added} to {name}", dry_run)


@commands.command("remove-domain", no_args_is_help=True)
def remove(name: Name, dry_run: DryRun = False, force: Force = False) -> None:
    """Remove a domain with its files."""
    check_git(dry_run)
    domain = find(name)
    for other in all_domains():
        for field in other["fields"]:
            if field.split(":")[1:3] == ["ref", name] and other["name"] != name:
                raise Refused(f'{name}: the field "{field}" of {other["name"]} refers to it.')
    changes: dict[str, Any] = {"domains": [one for one in answered_domains() if one != domain]}
    changes |= {"example": False} if name == "items" else {}
    files = git("ls-files", "--", f"app/{name}", f"tests/{name}")
    if not force and (edited := edited_files(name, files)):
        raise Refused(
            "\n  ".join([f"{name}: you edited or added these files:", *edited])
            + "\nTo remove them, too, add --force. They stay in the history of git."
        )
    show(f"Remove {name}", files)
    apply(name, changes, f"drop {name}", dry_run)
    for folder in ("app", "tests"):
        shutil.rmtree(ROOT / folder / name, ignore_errors=True)


def columns(fields: list[str]) -> list[str]:
    words = [field.partition(":") for field in fields]
    return [f"{name + '_id' * rest.startswith('ref:'):<20} {rest}" for name, _, rest in words]


def show(title: str, lines: list[str]) -> None:
    typer.echo("\n  ".join([f"{title}:", *lines]))


def apply(name: str, changes: dict[str, Any], message: str, dry_run: bool) -> None:
    """Update the project, unless this is a dry run, and print the next commands."""
    if not dry_run and (code := update(name, changes)) != 0:
        raise typer.Exit(code)
    commands = [f'uv run just revision "{message}"', "uv run just migrate", "uv run just test"]
    show("Then run" if dry_run else "Now run", commands)
    if dry_run:
        raise typer.Exit


def main() -> None:
    try:
        commands(prog_name="just")
    except Refused as refusal:
        typer.echo(refusal, err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
