"""docker-compose.yml as the engine would read it: variables replaced, and each service reduced to what a process
needs."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
COMPOSE_FILE = ROOT / "docker-compose.yml"
_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?:(?P<operator>:-|:\?|:\+)(?P<word>[^{}]*))?\}")


class MissingVariableError(Exception):
    """The file needs a variable that is not set."""


@dataclass(frozen=True, slots=True)
class Container:
    """What the engine would run: an image's entry point with a service's command, environment and mounts."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    user: int
    folder: str
    is_read_only: bool
    tmpfs: tuple[str, ...]
    """Folders that may be written, and are empty at the start."""
    mounts: Mapping[str, str]
    """Files and folders of the machine, by their place in the container; all of them for reading."""


def container(service: str, variables: Mapping[str, str], *arguments: str) -> Container:
    """A service of the file, with the command line's arguments in place of its command if there are any."""
    composed = _composed(variables)
    declared = composed["services"][service]
    image = _image()
    secrets = {f"/run/secrets/{name}": composed["secrets"][name]["file"] for name in declared.get("secrets", [])}
    return Container(
        command=(*image.entry_point, *(arguments or declared["command"])),
        environment={**image.environment, **declared["environment"]},
        user=image.user,
        folder=image.folder,
        is_read_only=declared["read_only"],
        tmpfs=tuple(entry.partition(":")[0] for entry in declared.get("tmpfs", [])),
        mounts=secrets | _folders(declared),
    )


def _folders(declared: Mapping[str, Any]) -> dict[str, str]:
    # A name without a slash is a volume, empty until somebody fills it.
    parts = [entry.split(":") for entry in declared.get("volumes", [])]
    return {target: source for source, target, *_ in parts if "/" in source}


def _composed(variables: Mapping[str, str]) -> dict[str, Any]:
    return _replaced(yaml.safe_load(COMPOSE_FILE.read_text()), variables)


def _replaced(value: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(item, variables) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType] - YAML has any type
    if isinstance(value, list):
        return [_replaced(item, variables) for item in value]  # pyright: ignore[reportUnknownVariableType] - YAML has any type
    return _interpolated(value, variables) if isinstance(value, str) else value


def _interpolated(text: str, variables: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        name, operator, word = found["name"], found["operator"], found["word"] or ""
        given = variables.get(name, "")
        if operator == ":?" and not given:
            raise MissingVariableError(word)
        if operator == ":+":
            return word if given else ""
        return given or (word if operator == ":-" else "")

    return _VARIABLE.sub(value, text)


@dataclass(frozen=True, slots=True)
class _Image:
    entry_point: tuple[str, ...]
    environment: Mapping[str, str]
    user: int
    folder: str


def _image() -> _Image:
    """What the last stage of the Dockerfile says of the process."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    last_stage = text.rpartition("\nFROM ")[2]
    lines = {word: rest for word, _, rest in (line.partition(" ") for line in last_stage.splitlines())}
    environment = dict(pair.split("=", 1) for pair in shlex.split(lines["ENV"]))
    # What the base image has on the path of its own.
    environment["PATH"] = environment["PATH"].replace("$PATH", "/usr/local/bin:/usr/bin:/bin")
    return _Image(
        entry_point=tuple(yaml.safe_load(lines["ENTRYPOINT"])),
        environment=environment,
        user=int(lines["USER"]),
        folder=lines["WORKDIR"],
    )
