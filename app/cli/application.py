"""The entry point: all commands by name, and messages instead of tracebacks for expected errors."""

import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from app import __version__
from app.cli.failures import EXPECTED_FAILURES, CommandError, ExitCode, explain
from app.web.collector import paused_collector

_HELP = """Serve customer billing data from PostgreSQL over GraphQL.

Exit codes: 0 success; 1 an unexpected failure, a schema, document or picture that differs, or rejected rows or documents; 2 invalid settings
or usage; 3 the database is unavailable; 4 the database is not migrated; 5 the port or the data folder is in use."""

COMMANDS: Mapping[str, str] = {
    "dev": "app.cli.development:dev",
    "demo": "app.cli.demo:demo",
    "serve": "app.cli.serving:serve",
    "work": "app.cli.work:work",
    "migrate": "app.cli.data:migrate",
    "seed": "app.cli.data:seed",
    "company": "app.cli.companies:company",
    "api-key": "app.cli.api_keys:api_key",
    "import": "app.cli.imports:import_",
    "token": "app.cli.tokens:token",
    "schema": "app.cli.contract:schema",
    "openapi": "app.cli.contract:openapi",
    "graph": "app.cli.contract:graph",
    "documents": "app.cli.documents:documents",
}
"""The location of each command or group of commands, which is imported on use: half of them don't need GraphQL."""

_INTERRUPTED = 130
"""The exit code after Ctrl-C, as in shells: 128 plus the number of SIGINT."""


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


class _Commands(TyperGroup):
    """All commands. Each accepts `--version`, because people type it after any of them."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the help."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command, imported on first use."""
        # An unknown name loads all commands, so that the message can suggest similar ones.
        for name in (cmd_name,) if cmd_name in COMMANDS else COMMANDS:
            if name not in self.commands:
                self.add_command(_load(name), name)
                for command in _nested(self.commands[name]):
                    command.params += self.params
        return super().get_command(ctx, cmd_name)


def command_line() -> TyperGroup:
    """Return the group of all commands."""
    application = typer.Typer(
        name="customer-gateway",
        cls=_Commands,
        help=_HELP,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        # Plain text, so that each message is one line and can be searched for.
        rich_markup_mode=None,
    )

    @application.callback()
    def _options(*, version: Version = False) -> None:  # pyright: ignore[reportUnusedFunction]
        pass  # `--version` is answered by its own callback

    return get_group(application)


def _load(name: str) -> Any:  # typer contains a private copy of click, without exported types
    module, _, attribute = COMMANDS[name].partition(":")
    with paused_collector():
        found = getattr(import_module(module), attribute)
    if isinstance(found, typer.Typer):
        found.rich_markup_mode = None
        return get_group(found)
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    settings = {"token_normalize_func": _current_name} if name == "documents" else None
    alone.command(name, context_settings=settings)(found)
    return get_command(alone)


def _current_name(option: str) -> str:
    # `--output` is the former name of `--out`, which builds may still use.
    return "out" if option == "output" else option


def _nested(command: Any) -> Iterator[TyperCommand | TyperGroup]:
    if isinstance(command, TyperGroup):
        for subcommand in command.commands.values():
            yield from _nested(subcommand)
    if isinstance(command, TyperCommand | TyperGroup):
        yield command


def main() -> None:
    """Run the command in the arguments."""
    warnings.showwarning = _say_warning
    try:
        if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison] - None if it is closed
            msg = "Standard output is closed, so the command's output, such as an id or a key, would be lost: open it."
            raise CommandError(msg, ExitCode.SETTINGS)
        try:
            command_line()()
        finally:
            # Flush here, where a failure can be reported, and not at the interpreter's exit.
            sys.stdout.flush()
    except KeyboardInterrupt:
        _end(_INTERRUPTED)
    except BrokenPipeError:
        # The reader has closed the pipe, as in `… | head`.
        _end(ExitCode.DIFFERENT)
    except EXPECTED_FAILURES as error:
        failure = explain(error)
        sys.stderr.write(f"Error: {failure}\n")
        _end(failure.code)


def _end(code: int) -> None:
    """Exit, discarding output that could not be written."""
    if sys.stdout is not None:  # pyright: ignore[reportUnnecessaryComparison]
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def _say_warning(message: Warning | str, *_where: object, **_more: object) -> None:
    # One line, without the location in a library's code.
    sys.stderr.write(f"Warning: {message}\n")
