"""`token`: a bearer token for development, signed with this machine's own key."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from app.cli.running import DATA_FOLDER_VARIABLE, DEVELOPMENT_FOLDER
from app.db.seed import demo_company_id
from app.domain.identity import Scope
from app.web.development import DevelopmentKeys

_SUBJECT = "developer"

DataFolder = Annotated[
    Path,
    typer.Option(help="Where `dev` keeps its keys and data.", file_okay=False, envvar=DATA_FOLDER_VARIABLE),
]


def development_token(keys: DevelopmentKeys, company: UUID, scopes: list[Scope], days: int) -> str:
    """A token that `dev` accepts."""
    return keys.mint(company, scopes, _SUBJECT, timedelta(days=days))


def token(
    company: Annotated[UUID | None, typer.Option(help="The company's id. Default: the first demo company.")] = None,
    scope: Annotated[
        list[Scope] | None, typer.Option(help="What the token allows; repeat the option for several. Default: all.")
    ] = None,
    days: Annotated[int, typer.Option(help="How long the token is valid.", min=1, max=365)] = 30,
    data_folder: DataFolder = DEVELOPMENT_FOLDER,
) -> None:
    """Print a bearer token that a service started by `dev` accepts."""
    minted = development_token(
        DevelopmentKeys.existing(data_folder), company or demo_company_id(), scope or list(Scope), days
    )
    sys.stdout.write(f"{minted}\n")
