"""Errors of fields and payloads: which one decides the status of an answer, and what is told besides."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLError
from graphql.error import GraphQLFormattedError

from app.engine.execution import Execution, Outcome
from app.rest.documents import TEXTS
from app.rest.endpoints import ENDPOINTS
from app.rest.problems import ValidationProblem
from app.unavailable import StatementTimeout
from app.web.rest_answers import Ran, answer_of
from app.web.rest_errors import RestError, of_field_errors, of_payload
from app.web.rest_requests import Given, RestRequest
from tests.support.asking import ENGINE


def told(found: Iterable[Mapping[str, Any]]) -> list[ValidationProblem]:
    return [ValidationProblem(".".join(one["path"][1:]), one["code"], one["message"]) for one in found]


def field_error(code: str, **extensions: object) -> GraphQLFormattedError:
    return {"message": f"{code}!", "extensions": {"code": code, **extensions}}


def problem(code: str, status: int, **data: object) -> dict[str, Any]:
    return {"code": code, "path": ["input", "name"], "message": f"{code}.", "httpStatus": status, **data}


def unread(document: str, field: str) -> Ran:
    """A write that was committed, and whose object could not be read then."""
    (endpoint,) = [endpoint for endpoint in ENDPOINTS if endpoint.document == document]
    written = {"type": "Customer", "id": "a", "version": 2, "customerNumber": "17"}
    error = GraphQLError(
        "x",
        path=[field, "customer"],
        original_error=StatementTimeout("It took too long."),
        extensions={"written": written},
    )
    outcome = Outcome(ExecutionResult({field: None}, [error]), Execution.FIELDS)
    request = RestRequest(endpoint, {}, b"", {}, b"{}")
    return Ran(ENGINE.prepare(TEXTS[document]).select(None), outcome, Given(request, {}), "r-1")


def test_a_creation_whose_object_can_not_be_read_is_answered_with_its_keys() -> None:
    answer = answer_of(unread("create-customer", "createCustomer"))

    assert (answer.status, json.loads(answer.body)) == (201, {"id": "a", "customerNumber": "17"})
    assert answer.headers == (("location", "customers/a"), ("etag", '"2"'))


def test_an_update_whose_object_can_not_be_read_says_what_was_written() -> None:
    with pytest.raises(RestError) as caught:
        answer_of(unread("update-customer", "updateCustomer"))

    assert (caught.value.status, caught.value.code) == (504, "TIMEOUT")
    assert "don't repeat the change" in caught.value.message
    assert caught.value.details["written"] == {"type": "Customer", "id": "a", "version": 2, "customerNumber": "17"}


@pytest.mark.parametrize(
    ("codes", "status"),
    [
        (["OUTCOME_UNKNOWN"], 503),
        (["SERVICE_UNAVAILABLE"], 503),
        (["TIMEOUT", "INTERNAL_SERVER_ERROR"], 500),
        (["TIMEOUT"], 504),
        (["COMPANY_NOT_FOUND"], 403),
        (["A_CODE_OF_LATER"], 500),
    ],
)
def test_the_most_severe_error_of_fields_is_the_answer(codes: list[str], status: int) -> None:
    error = of_field_errors([field_error(code, written={"id": "1"}) for code in codes], told)

    assert (error.status, error.details) == (status, {"written": {"id": "1"}})
    assert error.message == f"{codes[-1]}!"


def test_problems_of_one_status_are_listed_if_there_are_several() -> None:
    one = problem("PARENT_CUSTOMER_IS_CHILD", 422)
    assert of_payload([one], told).details == {}

    error = of_payload([one, problem("CUSTOMER_HAS_CHILDREN", 422, customerIds=["1"])], told)
    assert (error.status, error.code) == (422, "PARENT_CUSTOMER_IS_CHILD")
    assert error.details["problems"] == [
        {"code": "PARENT_CUSTOMER_IS_CHILD", "property": "name", "message": "PARENT_CUSTOMER_IS_CHILD."},
        {
            "code": "CUSTOMER_HAS_CHILDREN",
            "property": "name",
            "message": "CUSTOMER_HAS_CHILDREN.",
            "customerIds": ["1"],
        },
    ]


def test_a_conflict_of_versions_comes_after_other_conflicts_and_before_rules() -> None:
    problems = [
        problem("PARENT_CUSTOMER_IS_CHILD", 422),
        problem("VERSION_CONFLICT", 409, actualVersion=2),
        problem("CUSTOMER_NUMBER_ALREADY_EXISTS", 409),
    ]
    assert of_payload(problems, told).status == 409
    error = of_payload(problems[:2], told)
    assert (error.status, error.details["actualVersion"]) == (412, 2)


def test_the_number_of_problems_that_are_not_listed_decides_nothing() -> None:
    more = problem("MORE_PROBLEMS", 400, limit=1, actual=2)

    assert of_payload([problem("CUSTOMER_NOT_FOUND", 404), more], told).status == 404
    error = of_payload([problem("FIELD_INVALID", 400), more], told)
    assert (error.status, error.code, [*error.details]) == (400, "SHARED_VALIDATION_FAILED", ["validationErrors"])
