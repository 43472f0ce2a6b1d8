"""Logs: one line per operation, in the format that the settings say, without anything that is nobody's business."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import capture_logs

from app.domain.identity import Principal
from app.engine.execution import Execution
from app.settings import Settings
from app.web.logs import configure_logging
from app.web.request_log import OperationLog, OperationRecord
from tests.support.logging_state import logging_restored
from tests.support.toy import toy_engine
from tests.support.toy_app import COMPANY, client_of, toy_app


@pytest.fixture
def _logging_restored() -> Iterator[None]:
    with logging_restored():
        yield


def failure(private: str) -> ValueError:
    """An exception from a function that holds this in a variable."""
    try:
        int(private[:5])
    except ValueError as error:
        return error
    raise AssertionError


async def test_an_operation_leaves_one_line_without_its_variables_and_credentials() -> None:
    query = "query customers($name: String) {hello(name: $name)}"
    with capture_logs() as lines:
        async with client_of(toy_app()) as client:
            await client.post(
                "/graphql", json={"query": query, "variables": {"name": "private"}}, headers={"x-request-id": "a-1"}
            )

    (line,) = lines
    assert line.pop("milliseconds") > 0
    assert line == {
        "event": "operation",
        "log_level": "info",
        "name": "customers",
        "type": "query",
        "api": "graphql",
        "execution": "fields",
        "company": str(COMPANY),
        "subject": "tester",
        "statements": 1,
        "status": 200,
        "codes": (),
        "request_id": "a-1",
    }


@pytest.mark.parametrize(
    ("query", "status", "codes"),
    [
        ("{refused again: refused broken}", 200, ("FORBIDDEN", "INTERNAL_SERVER_ERROR")),
        ("{away}", 503, ("SERVICE_UNAVAILABLE",)),
        ("{unknown}", 200, ("GRAPHQL_VALIDATION_FAILED",)),
    ],
)
async def test_the_line_has_the_status_and_each_code_once(query: str, status: int, codes: tuple[str, ...]) -> None:
    with capture_logs() as lines:
        async with client_of(toy_app()) as client:
            await client.post("/graphql", json={"query": query})

    assert (lines[-1]["status"], lines[-1]["codes"]) == (status, codes)


async def test_a_request_without_a_credential_leaves_a_line_too() -> None:
    with capture_logs() as lines:
        async with client_of(toy_app(), {}) as client:
            await client.post("/graphql", json={"query": "{hello}"})

    assert [(line["status"], line["codes"], line["company"]) for line in lines] == [(401, ("UNAUTHENTICATED",), None)]


async def test_a_long_operation_name_is_cut() -> None:
    with capture_logs() as lines:
        async with client_of(toy_app()) as client:
            await client.post("/graphql", json={"query": f"query {'a' * 5_000} {{hello}}"})

    assert lines[0]["name"] == "a" * 100


@pytest.mark.usefixtures("_logging_restored")
def test_json_lines_are_one_object_each_the_libraries_lines_too(capfd: pytest.CaptureFixture[str]) -> None:
    writer = configure_logging(Settings(log_format="json"))
    structlog.get_logger().info("ours", name="Å")
    logging.getLogger("uvicorn.error").warning("theirs")
    structlog.get_logger().error("failure", exc_info=failure("a local variable"))

    assert writer.flush(10)
    captured = capfd.readouterr()
    lines = [json.loads(line) for line in captured.err.splitlines()]
    assert captured.out == ""
    assert [(line["event"], line["level"]) for line in lines] == [
        ("ours", "info"),
        ("theirs", "warning"),
        ("failure", "error"),
    ]
    assert lines[0]["name"] == "Å"
    assert "ValueError: invalid literal" in lines[2]["exception"]
    assert "a local variable" not in lines[2]["exception"]


RECORD = OperationRecord(
    "a-1",
    principal=Principal(COMPANY, "Åse", frozenset(), None),
    operation=toy_engine().prepare("query customers {hello}").select(None),
    statements=2,
    execution=Execution.PLANNED,
)


@pytest.mark.parametrize("record", [RECORD, OperationRecord("a-2")], ids=["an operation", "nobody's request"])
@pytest.mark.usefixtures("_logging_restored")
def test_an_operations_line_as_json_says_what_its_line_for_people_says(
    capfd: pytest.CaptureFixture[str], record: OperationRecord
) -> None:
    with capture_logs() as lines:
        OperationLog().write(record, 200, ("FORBIDDEN",))
    writer = configure_logging(settings := Settings(log_format="json"))
    log = OperationLog()
    log.configure(settings, writer)
    structlog.get_logger().info("before")
    log.write(record, 200, ("FORBIDDEN",))
    structlog.get_logger().info("after")

    assert writer.flush(10)
    before, line, after = map(json.loads, capfd.readouterr().err.splitlines())
    assert (before["event"], after["event"]) == ("before", "after")
    # Both are written in the same way, and in the order in which they came.
    assert before["timestamp"] <= line["timestamp"] <= after["timestamp"]
    assert len(line["timestamp"]) == len(before["timestamp"])
    (expected,) = lines
    assert line.pop("milliseconds") > 0
    assert expected.pop("milliseconds") > 0
    level, codes = expected.pop("log_level"), list(expected.pop("codes"))
    assert line == {**expected, "level": level, "codes": codes, "timestamp": line["timestamp"]}


@pytest.mark.usefixtures("_logging_restored")
def test_no_operation_leaves_a_line_below_the_level(capfd: pytest.CaptureFixture[str]) -> None:
    for log_format in ("json", "console"):
        writer = configure_logging(settings := Settings(log_format=log_format, log_level="WARNING"))
        log = OperationLog()
        log.configure(settings, writer)
        log.write(RECORD, 200, ())
        assert writer.flush(10)

    assert capfd.readouterr().err == ""


@pytest.mark.usefixtures("_logging_restored")
def test_console_lines_are_for_people_and_show_no_local_variables(capfd: pytest.CaptureFixture[str]) -> None:
    writer = configure_logging(Settings(log_format="console"))
    structlog.get_logger().error("failure", exc_info=failure("a local variable"))

    assert writer.flush(10)
    text = capfd.readouterr().err
    assert "ValueError: invalid literal" in text
    assert "a local variable" not in text


@pytest.mark.usefixtures("_logging_restored")
def test_lines_below_the_level_and_the_servers_access_log_are_left_out(capfd: pytest.CaptureFixture[str]) -> None:
    writer = configure_logging(Settings(log_level="WARNING"))
    structlog.get_logger().info("ours")
    logging.getLogger("theirs").info("theirs")
    logging.getLogger("uvicorn.access").critical("GET /graphql")

    assert writer.flush(10)
    assert capfd.readouterr().err == ""


class Unspeakable:
    """Something that no renderer can show."""

    def __str__(self) -> str:
        raise ValueError

    __repr__ = __str__


@pytest.mark.logs_odd_values
@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.usefixtures("_logging_restored")
def test_whoever_logs_what_can_not_be_said_goes_on_and_a_line_is_left(
    capfd: pytest.CaptureFixture[str], log_format: str
) -> None:
    writer = configure_logging(Settings.model_validate({"log_format": log_format}))
    structlog.get_logger().warning("ours", value=Unspeakable(), key={Unspeakable(): 1}, text="\ud800")
    logging.getLogger("theirs").error("%d of %s", "no number", Unspeakable())

    assert writer.flush(10)
    captured = capfd.readouterr()
    lines = captured.err.splitlines()
    assert len(lines) == 2
    assert "ours" in lines[0]
    assert "%d of %s" in lines[1]
    if log_format == "json":
        assert [(line["event"], line["level"]) for line in map(json.loads, lines)] == [
            ("ours", "warning"),
            ("%d of %s", "error"),
        ]
