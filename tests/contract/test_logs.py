"""docs/logs.md names every line that the service's own code can log, with its level and its fields, and no other."""

import ast
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from app.cli.startup import startup_fields
from app.settings import Settings
from app.web.log_lines import to_line
from app.web.logs import dropped_notice
from app.web.request_log import OperationRecord, fields_of
from tests.support.sources import MODULES, ROOT, nodes_of

LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \|", re.MULTILINE)
COMMON = {"event", "level", "timestamp"}


def calls(module: Path) -> Iterator[tuple[str, str, set[str]]]:
    """The event, the level and the fields of each line that a module logs."""
    for node in nodes_of(module, "_log"):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="_log"), attr=level), args=[ast.Constant(value=str(event))]
            ) if level in LEVELS:
                names = {"exception" if keyword.arg == "exc_info" else keyword.arg for keyword in node.keywords}
                yield event, level, {name for name in names if name is not None}
            case ast.Call(func=ast.Attribute(value=ast.Name(id="_log"))):
                msg = f"{module} logs a line whose event can't be read off."
                raise AssertionError(msg)
            case _:
                pass


def logged() -> dict[str, tuple[str, frozenset[str]]]:
    """The level and the fields of each event."""
    levels: dict[str, set[str]] = defaultdict(set)
    fields: dict[str, set[str]] = defaultdict(set)
    for module in MODULES:
        for event, level, names in calls(module):
            levels[event].add(level)
            fields[event] |= names
    # These are not written out where they are logged.
    record = OperationRecord("a")
    record.begin_parts()
    fields["operation"] |= fields_of(record, None, 200, (), 0.1).keys()
    fields["serving"] |= startup_fields(Settings(), host="", port=1, workers=1, connections=1, tls=None).keys()
    notice = json.loads(dropped_notice(1))
    levels["log_lines_dropped"].add(notice["level"])
    fields["log_lines_dropped"] |= notice.keys() - COMMON
    assert all(len(found) == 1 for found in levels.values()), levels
    return {event: (next(iter(levels[event])), frozenset(names)) for event, names in fields.items()}


def test_the_documentation_names_every_event_with_its_level_and_fields() -> None:
    documented = {
        event: (level, frozenset(re.findall(r"`(\w+)`", fields)))
        for event, level, fields in ROW.findall((ROOT / "docs/logs.md").read_text(encoding="utf-8"))
    }
    assert documented == logged()


def test_no_line_of_the_start_holds_a_url_or_a_secret() -> None:
    settings = Settings(
        database_url="postgresql://user:secret@host/database",
        owner_database_url="postgresql://owner:secret@host/database",
        jwt_issuer="https://issuer.example",
        jwt_audience="audience",
        jwt_jwks_url="https://issuer.example/secret",
        max_depth=3,
    )
    line = to_line(startup_fields(settings, host="::", port=80, workers=3, connections=1, tls="TLSv1.3")).decode()
    assert "secret" not in line
    assert "://" not in line
    assert json.loads(line)["changed_limits"] == {"max_depth": 3}


def test_the_line_of_the_start_says_whether_rest_is_served() -> None:
    for rest in (True, False):
        line = startup_fields(Settings(rest=rest), host="", port=1, workers=1, connections=1, tls=None)
        assert line["rest"] is rest
