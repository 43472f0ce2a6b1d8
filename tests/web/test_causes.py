"""Why requests are answered 503 and 504, in the log: the cause, the limit, and no more lines than needed."""

import pytest
from structlog.testing import capture_logs

from app.unavailable import (
    Cause,
    DatabaseUnavailable,
    StatementTimeout,
    TooBusy,
    TooManyHeavy,
    TooManyLarge,
    TooMuchToCompute,
)
from app.web.credential_errors import CredentialsUnavailable
from app.web.http_errors import FailureCode, HttpError, http_error_of


@pytest.mark.parametrize(
    ("error", "status", "cause", "limit"),
    [
        (DatabaseUnavailable(Cause.POOL_EXHAUSTED, 5), 503, "pool_exhausted", "DATABASE_POOL_TIMEOUT_SECONDS"),
        (TooManyHeavy(5), 503, "too_many_heavy", "twice DATABASE_POOL_TIMEOUT_SECONDS"),
        (TooMuchToCompute(5), 503, "too_much_to_compute", "5 s"),
        (TooManyLarge(5), 503, "too_many_large", "a third of REQUEST_TIMEOUT_SECONDS"),
        (TooBusy(most_waiting=1_000), 503, "too_many_waiting", "1,000 waiting"),
        (TooManyHeavy(most_waiting=100), 503, "too_many_heavy", "100 waiting"),
        (TooManyLarge(most_waiting=100), 503, "too_many_large", "100 waiting"),
        (TooMuchToCompute(most_waiting=100), 503, "too_much_to_compute", "100 waiting"),
        (DatabaseUnavailable(Cause.DISK_FULL), 503, "disk_full", None),
        (StatementTimeout(), 504, "statement_timeout", "STATEMENT_TIMEOUT_SECONDS"),
        (HttpError(504, FailureCode.TIMEOUT, "too long"), 504, "request_timeout", "REQUEST_TIMEOUT_SECONDS"),
    ],
)
def test_each_cause_is_logged_once_with_its_limit(error: Exception, status: int, cause: str, limit: str | None) -> None:
    with capture_logs() as lines:
        for number in range(20):
            assert http_error_of(error, f"request{number}").status == status
    assert [(line["event"], line["cause"], line["limit"], line["request_id"]) for line in lines] == [
        ("unavailable", cause, limit, "request0")
    ]


def test_a_token_that_can_not_be_checked_has_a_cause_and_no_early_retry() -> None:
    error = CredentialsUnavailable(9, waited_seconds=1.23456, reason="ConnectError: All connection attempts failed")
    with capture_logs() as lines:
        told = [http_error_of(error, f"request{number}") for number in range(3)]
    assert {(rejection.status, rejection.headers) for rejection in told} == {(503, (("retry-after", "9"),))}
    assert lines == [
        {
            "event": "unavailable", "log_level": "warning", "cause": "issuer_unreachable", "limit": "10 s", "status": 503,
            "waited_seconds": 1.235, "reason": "ConnectError: All connection attempts failed",
            "request_id": "request0", "left_out": 0,
        }
    ]  # fmt: skip


def test_the_reason_is_the_error_s_own_words_on_one_line() -> None:
    error = DatabaseUnavailable(Cause.CONNECT_FAILED)
    error.__cause__ = OSError("db1:5432: the connection\nwas refused")
    with capture_logs() as lines:
        http_error_of(error, "request")
    assert lines[0]["reason"] == "db1:5432: the connection was refused"


@pytest.mark.parametrize("time", ["first", "second"])
def test_a_test_sees_its_own_causes_also_after_another_test_met_them(time: str) -> None:
    with capture_logs() as lines:
        for number in range(2):
            http_error_of(DatabaseUnavailable(Cause.DISK_FULL), f"{time}{number}")
    assert [line["request_id"] for line in lines] == [f"{time}0"]
