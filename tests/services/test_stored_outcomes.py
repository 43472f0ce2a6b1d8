"""Stored outcomes: a field may get another name in code while what is stored keeps the old one."""

from app.domain.upserts import RowOutcome
from app.services.stored_outcomes import decode, encode
from app.services.upsert_accounts import AccountResult


def test_a_field_that_was_renamed_in_code_is_stored_and_read_by_its_old_name() -> None:
    result = AccountResult(0, RowOutcome.CREATED, (), (), is_unwritten=True)

    stored = encode(result)

    assert stored["outcome"]["is_planned"] is True
    assert "is_unwritten" not in stored["outcome"]
    assert decode(AccountResult, stored) == result
