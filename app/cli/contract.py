"""`schema`: the public contract, printed, written or checked."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from app.cli.faults import CommandError, ExitCode
from app.graphql.schema import schema as graphql_schema

_COMMITTED = Path("schema.graphql")


def schema(
    *,
    check: Annotated[bool, typer.Option("--check", help="Only say whether the file is what the code prints.")] = False,
    out: Annotated[Path | None, typer.Option(help="The file to write or to check.", dir_okay=False)] = None,
) -> None:
    """Print schema.graphql, write it to a file, or check the file."""
    printed = f"{graphql_schema.as_str()}\n"
    if check:
        _check(out or _COMMITTED, printed)
    elif out is not None:
        out.write_text(printed, encoding="utf-8")
    else:
        sys.stdout.write(printed)


def _check(path: Path, printed: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != printed:
        msg = f"{path} differs from what the code prints: run `customer-gateway schema --out {path}`."
        raise CommandError(msg, ExitCode.DIFFERENT)
