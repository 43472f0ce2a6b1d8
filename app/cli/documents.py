"""`documents`: check the documents of clients' builds, and merge them into the service's manifest."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from graphql import GraphQLError

from app.cli.document_files import Registered, read_documents
from app.cli.failures import CommandError, ExitCode
from app.cli.whole_files import write_whole
from app.engine.execution import Engine
from app.engine.request_errors import RequestError
from app.engine.trusted import ManifestError, TrustedDocuments, write_manifest
from app.graphql.schema import executable
from app.graphql.schema import schema as graphql_schema
from app.settings import load_settings

_READABLE = 0o644


def documents(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="A file written by graphql-codegen, relay-compiler, Apollo or this command.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            help="The manifest to write, for TRUSTED_DOCUMENTS_FILE. An existing file is replaced.", dir_okay=False
        ),
    ],
) -> None:
    """Check clients' documents against the schema and the limits, and merge them into a manifest."""
    engine = Engine(executable(graphql_schema), load_settings().limits, cache_size=0)
    try:
        registered = read_documents(files)
    except ManifestError as error:
        raise CommandError(str(error), ExitCode.SETTINGS) from None
    problems = [problem for document in dict.fromkeys(registered) for problem in _invalid(engine, document)]
    problems += _ambiguous(registered)
    try:
        merged = TrustedDocuments({document.id: document.text for document in registered})
    except ManifestError as error:
        raise _rejected(out, [*problems, *error.problems]) from None
    if problems:
        raise _rejected(out, problems)
    write_whole(out, write_manifest(merged).encode(), _READABLE)
    sys.stdout.write(f"Trusted documents in {out}: {len(merged)}.\n")


def _invalid(engine: Engine, registered: Registered) -> Iterator[str]:
    try:
        engine.check(registered.text)
    except RequestError as rejected:
        for error in rejected.errors:
            yield f"{registered.path}: {registered.id}: {error.message}{_place(error)}"


def _place(error: GraphQLError) -> str:
    return "".join(f" (line {place.line}, column {place.column})" for place in (error.locations or ())[:1])


def _ambiguous(registered: list[Registered]) -> Iterator[str]:
    """Yield a message for each document whose id has another text elsewhere."""
    first: dict[str, Registered] = {}
    for document in registered:
        found = first.setdefault(document.id, document)
        if found.text != document.text:
            yield f"{document.path}: {document.id}: is also the id of another document, in {found.path}."


def _rejected(out: Path, problems: list[str]) -> CommandError:
    listed = "\n".join(problems)
    return CommandError(f"{out} was not written, because documents are invalid:\n{listed}", ExitCode.DIFFERENT)
