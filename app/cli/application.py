"""The command line assembled: every command under its name, and expected faults turned into messages."""

import sys
from collections.abc import Iterator
from typing import Annotated

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from app import __version__
from app.cli.api_keys import api_key
from app.cli.companies import company
from app.cli.contract import graph, schema
from app.cli.data import migrate, seed
from app.cli.demo import demo
from app.cli.development import dev
from app.cli.documents import documents
from app.cli.faults import EXPECTED, explain
from app.cli.imports import import_
from app.cli.serving import serve
from app.cli.tokens import token

_HELP = """Serve customer billing data from PostgreSQL over GraphQL.

Exit codes: 0 success; 1 an unexpected failure, a schema or picture that differs, or rejected rows or documents; 2 invalid settings
or usage; 3 the database is unavailable; 4 the database is not migrated; 5 the port or the data folder is in use."""


def _print_version(asked: bool) -> None:  # noqa: FBT001 - typer passes by position
    if asked:
        sys.stdout.write(f"customer-gateway {__version__}\n")
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option(
        "--version", help="Print the version and exit.", is_eager=True, expose_value=False, callback=_print_version
    ),
]


def command_line() -> TyperGroup:
    """Assemble the commands, each of which takes `--version`: people type it after any of them."""
    application = typer.Typer(
        name="customer-gateway",
        help=_HELP,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        # Plain, so that a message is one line that can be searched for.
        rich_markup_mode=None,
    )

    @application.callback()
    def _options(*, version: Version = False) -> None:  # pyright: ignore[reportUnusedFunction]
        pass  # `--version` is answered by its own callback

    for command in (dev, demo, serve, migrate, seed, token, schema, graph):
        application.command()(command)
    application.command(context_settings={"token_normalize_func": _current_name})(documents)
    application.add_typer(import_, name="import")
    application.add_typer(company, name="company")
    application.add_typer(api_key, name="api-key")
    root = get_group(application)
    for each in _nested(root):
        each.params += root.params
    return root


def _current_name(option: str) -> str:
    # Builds that type the former name of `--out` keep working.
    return "out" if option == "output" else option


def _nested(group: TyperGroup) -> Iterator[TyperCommand | TyperGroup]:
    for command in group.commands.values():
        if isinstance(command, TyperGroup):
            yield from _nested(command)
        if isinstance(command, TyperCommand | TyperGroup):
            yield command


def main() -> None:
    """Run the command that the arguments name."""
    try:
        command_line()()
    except EXPECTED as error:
        fault = explain(error)
        sys.stderr.write(f"Error: {fault}\n")
        sys.exit(fault.code)
