"""Reading the settings from the environment, with all that is wrong with them at once."""

import os
import re
from collections.abc import Callable, Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from app.db.dsn import DsnError
from app.settings.checks import misfits_of
from app.settings.errors import SettingsError
from app.settings.model import Settings
from app.settings.secrets import resolve_secrets

# Tells the model that misfits are looked for here, where more is known.
_BY_FIELDS = {"by_fields": True}


def load_settings(*checks: Callable[[Settings], object], environment: Mapping[str, str] | None = None) -> Settings:
    """Return the environment's settings; SettingsError with a line for each problem.

    `checks` raise SettingsError themselves. They run even if other settings are invalid, on settings without those, so
    that all problems come at once; what they say of a variable that is invalid anyway is left out.
    """
    given = _given(os.environ if environment is None else environment)
    problems: dict[str, list[str]] = {}
    resolve_secrets(given, problems)
    settings = _validated(given, problems)
    for misfit in misfits_of(settings):
        if not problems.keys() & set(misfit.variables):
            problems[misfit.variables[0]] = [misfit.message]
    lines = [f"{name.upper()}: {message}" for name, messages in problems.items() for message in messages]
    for check in checks:
        lines += _lines_of(check, settings, problems)
    if lines:
        raise SettingsError("\n".join(dict.fromkeys(lines)))
    return settings


def _given(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what is set, by field; an empty variable is as good as none."""
    names = {name.upper(): name for name in Settings.model_fields}
    return {names[name.upper()]: value for name, value in environment.items() if value and name.upper() in names}


def _validated(given: Mapping[str, str], problems: dict[str, list[str]]) -> Settings:
    """Return the settings without those that are invalid."""
    known = {name: value for name, value in given.items() if name not in problems}
    try:
        return Settings.model_validate(known, context=_BY_FIELDS)
    except ValidationError as error:
        for details in error.errors():
            problems.setdefault(str(details["loc"][0]), []).extend(_messages(details))
    return Settings.model_validate({name: known[name] for name in known.keys() - problems.keys()}, context=_BY_FIELDS)


def _messages(details: ErrorDetails) -> list[str]:
    cause = details.get("ctx", {}).get("error")
    if isinstance(cause, DsnError):
        return cause.problems
    if isinstance(cause, ValueError):
        return str(cause).split("\n")
    message = details["msg"].replace("Input should", "must")
    return [message[:1].lower() + message[1:]]


def _lines_of(check: Callable[[Settings], object], settings: Settings, problems: Mapping[str, list[str]]) -> list[str]:
    try:
        check(settings)
    except SettingsError as error:
        return [line for line in str(error).splitlines() if _variable_of(line) not in problems]
    return []


def _variable_of(line: str) -> str:
    match = re.match(r"[A-Z_]+", line)
    return match[0].lower() if match else ""
