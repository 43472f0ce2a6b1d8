"""The command line assembled: every command under its name, and expected faults turned into messages."""

import sys

import typer

from app.cli.api_keys import api_key
from app.cli.contract import graph, schema
from app.cli.data import migrate, seed
from app.cli.development import dev
from app.cli.documents import documents
from app.cli.faults import EXPECTED, explain
from app.cli.imports import import_
from app.cli.serving import serve
from app.cli.tokens import token

_HELP = """Customers and everything nested in them, over GraphQL, from PostgreSQL.

Exit codes: 0 done, 1 an unexpected fault, a schema or picture that differs, refused rows or documents, 2 wrong settings or usage,
3 the database is away, 4 the database is not migrated, 5 the port can't be had."""

application = typer.Typer(
    name="customer-gateway",
    help=_HELP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Plain, so that a message is one line that can be searched for.
    rich_markup_mode=None,
)
for command in (dev, serve, migrate, seed, token, schema, documents, graph):
    application.command()(command)
application.command(name="import")(import_)
application.add_typer(api_key, name="api-key")


def main() -> None:
    """Run the command that the arguments name."""
    try:
        application()
    except EXPECTED as error:
        fault = explain(error)
        sys.stderr.write(f"Error: {fault}\n")
        sys.exit(fault.code)
