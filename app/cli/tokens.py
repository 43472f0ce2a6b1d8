"""`token`: a bearer token for development, signed with the local key."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from app.cli.running import DATA_FOLDER_VARIABLE, find_running
from app.cli.target import data_folders
from app.db.seed import demo_company_id
from app.domain.identity import Scope
from app.web.development import DevelopmentKeys

_SUBJECT = "developer"

DataFolder = Annotated[
    Path,
    typer.Option(help="The folder for the keys and data of `dev`.", file_okay=False, envvar=DATA_FOLDER_VARIABLE),
]


def development_token(keys: DevelopmentKeys, company: UUID, scopes: list[Scope], days: int) -> str:
    """Return a token that `dev` accepts."""
    return keys.mint(company, scopes, _SUBJECT, timedelta(days=days))


def token(
    company: Annotated[UUID | None, typer.Option(help="The company's id. Default: the demo company of `dev`.")] = None,
    scope: Annotated[
        list[Scope] | None, typer.Option(help="A scope of the token; repeat the option for several. Default: all.")
    ] = None,
    days: Annotated[int, typer.Option(help="Lifetime of the token, in days.", min=1, max=365)] = 30,
    data_folder: Annotated[
        Path | None,
        typer.Option(
            help="The folder for the keys and data of `dev`. Default: as for the other commands.",
            file_okay=False,
            envvar=DATA_FOLDER_VARIABLE,
        ),
    ] = None,
) -> None:
    """Print a bearer token that a service started by `dev` accepts."""
    folders = [data_folder] if data_folder is not None else data_folders()
    folder = next(filter(DevelopmentKeys.are_in, folders), folders[0])
    keys = DevelopmentKeys.existing(folder)
    running = find_running(folder)
    shown = running.company_id if running else None
    minted = development_token(keys, company or shown or demo_company_id(), scope or list(Scope), days)
    sys.stdout.write(f"{minted}\n")
