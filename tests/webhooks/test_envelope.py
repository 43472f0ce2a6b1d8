"""The bodies of deliveries."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from app.db.rows import EventRow
from app.db.stored_json import stored_json
from app.webhooks.envelope import envelope_of, event_of_test

COMPANY, EVENT, SUBJECT, CUSTOMER = (UUID(int=number) for number in (1, 2, 3, 4))
MOMENT = datetime(2026, 6, 19, 10, 30, 0, 250_000, tzinfo=UTC)


def event(**values: object) -> EventRow:
    given = {
        "id": EVENT,
        "position": 7,
        "type": "contact.updated",
        "subject_id": SUBJECT,
        "customer_id": CUSTOMER,
        "actor": "ada",
        "occurred_at": MOMENT,
        "version": 2,
        "data": stored_json('{"version": 2, "exact": 1.10, "customerId": "4"}'),
        "changes": [["email", '"a@example.com"', "null"], ["share", "1.10", "123456789012345678901234567890.5"]],
    }
    return EventRow(**{**given, **values})  # pyright: ignore[reportArgumentType] - each is of its field


def test_the_envelope_has_what_the_page_says_and_numbers_keep_all_digits() -> None:
    body = envelope_of(event(), COMPANY, "the cursor")

    assert body.decode() == (
        '{"id":"00000000-0000-0000-0000-000000000002",'
        '"type":"contact.updated",'
        '"companyId":"00000000-0000-0000-0000-000000000001",'
        '"subjectId":"00000000-0000-0000-0000-000000000003",'
        '"customerId":"00000000-0000-0000-0000-000000000004",'
        '"version":2,'
        '"cursor":"the cursor",'
        '"occurredAt":"2026-06-19T10:30:00.250000Z",'
        '"actor":"ada",'
        '"data":{"version": 2, "exact": 1.10, "customerId": "4"},'
        '"changedFields":[{"field":"email","before":"a@example.com","after":null},'
        '{"field":"share","before":1.10,"after":123456789012345678901234567890.5}]}'
    )


def test_the_answer_to_a_document_is_part_of_the_envelope() -> None:
    result = b'{"data":{"changes":{"subject":null}}}'

    assert json.loads(envelope_of(event(), COMPANY, "c", result))["result"] == json.loads(result)


@pytest.mark.parametrize("values", [{"customer_id": None}, {"version": None}])
def test_what_an_event_lacks_is_null(values: dict[str, object]) -> None:
    shown = {"customer_id": "customerId", "version": "version"}

    assert [json.loads(envelope_of(event(**values), COMPANY, "c"))[shown[name]] for name in values] == [None]


def test_the_event_of_a_test_is_about_the_endpoint_and_not_in_the_feed() -> None:
    body = json.loads(envelope_of(event_of_test(SUBJECT, MOMENT), COMPANY, None))

    assert body | {"id": None} == {
        "id": None,
        "type": "webhook.test",
        "companyId": str(COMPANY),
        "subjectId": str(SUBJECT),
        "customerId": None,
        "version": None,
        "cursor": None,
        "occurredAt": "2026-06-19T10:30:00.250000Z",
        "actor": "webhooks",
        "data": {},
        "changedFields": [],
    }
