"""`schema`, `openapi` and `graph`: print, write or check the GraphQL schema, the OpenAPI document and a picture."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from app.cli.failures import CommandError, ExitCode
from app.cli.graph_picture import entity_graph
from app.graphql.federation import without_scopes
from app.graphql.schema import sdl
from app.rest.openapi.document import text

_COMMITTED = Path("schema.graphql")
_COMMITTED_OPENAPI = Path("openapi.json")
_COMMITTED_PICTURE = Path("docs/graph.svg")

Check = Annotated[bool, typer.Option("--check", help="Check that the file is up to date; write nothing.")]
Out = Annotated[Path | None, typer.Option(help="The file to write, or to check with --check.", dir_okay=False)]


def schema(
    *,
    check: Check = False,
    out: Out = None,
    scopes: Annotated[
        bool,
        typer.Option("--scopes/--without-scopes", help="Whether to print @requiresScopes, which some gateways reject."),
    ] = True,
) -> None:
    """Print the GraphQL schema, write it to a file, or check the file."""
    if scopes:
        _show(sdl(), "schema", _COMMITTED, check=check, out=out)
    else:
        _show(f"{without_scopes(sdl())}\n", "schema --without-scopes", _COMMITTED, check=check, out=out)


def openapi(*, check: Check = False, out: Out = None) -> None:
    """Print the OpenAPI document of the REST endpoints, write it to a file, or check the file."""
    _show(text(), "openapi", _COMMITTED_OPENAPI, check=check, out=out)


def graph(*, check: Check = False, out: Out = None) -> None:
    """Print a picture (SVG) of the types and their edges, write it, or check it."""
    _show(entity_graph(), "graph", _COMMITTED_PICTURE, check=check, out=out)


def _show(printed: str, command: str, committed: Path, *, check: bool, out: Path | None) -> None:
    if check:
        _check(out or committed, printed, command)
    elif out is not None:
        out.write_text(printed, encoding="utf-8")
    else:
        sys.stdout.write(printed)


def _check(path: Path, printed: str, command: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != printed:
        msg = f"{path} is missing or out of date: run `customer-gateway {command} --out {path}`."
        raise CommandError(msg, ExitCode.DIFFERENT)
