"""Commands for maintenance: `uv run manage`."""

import json

import typer

manage = typer.Typer(help=__doc__, no_args_is_help=True)


@manage.callback()
def main() -> None:
    """Commands for maintenance."""


@manage.command()
def openapi() -> None:
    """Print the OpenAPI document, for a client's generator."""
    from app.main import app

    typer.echo(json.dumps(app.openapi(), indent=2))
