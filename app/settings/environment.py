"""Reading of the settings from the environment, which reports all problems at once."""

import os
import re
from collections.abc import Callable, Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from app.db.dsn import DsnError
from app.settings.checks import conflicts_of
from app.settings.errors import SettingsError
from app.settings.model import Settings
from app.settings.secrets import resolve_secrets

# Makes the model skip conflicts: they are found here, where invalid fields are known.
_BY_FIELDS = {"by_fields": True}


def load_settings(*checks: Callable[[Settings], object], environment: Mapping[str, str] | None = None) -> Settings:
    """Return the environment's settings. Raise SettingsError with one line per problem.

    `checks` raise SettingsError themselves. If settings are invalid, the checks run on the others, so that all problems
    are reported at once; lines about a variable that is invalid already are dropped.
    """
    given = _given(os.environ if environment is None else environment)
    problems: dict[str, list[str]] = {}
    resolve_secrets(given, problems)
    settings = _validated(given, problems)
    for conflict in conflicts_of(settings):
        if not problems.keys() & set(conflict.variables):
            problems[conflict.variables[0]] = [conflict.message]
    lines = [f"{name.upper()}: {message}" for name, messages in problems.items() for message in messages]
    for check in checks:
        lines += _lines_of(check, settings, problems)
    if lines:
        raise SettingsError("\n".join(dict.fromkeys(lines)))
    return settings


def _given(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that are set, by field. Empty ones count as unset."""
    names = {name.upper(): name for name in Settings.model_fields}
    return {names[name.upper()]: value for name, value in environment.items() if value and name.upper() in names}


def _validated(given: Mapping[str, str], problems: dict[str, list[str]]) -> Settings:
    """Return the settings without the invalid ones, and add these to the problems."""
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
