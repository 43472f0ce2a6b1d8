"""Assign numbers to new customers that were sent without one."""

from collections.abc import Sequence
from dataclasses import replace

from app.db import customer_writes
from app.db.unit_of_work import WriteSession
from app.domain.errors import ErrorCode, Problem
from app.domain.fields import MOST_NUMBER_CHARACTERS
from app.services.customers.deciding import Decision


async def give_numbers(session: WriteSession, decisions: Sequence[Decision]) -> list[Decision]:
    """Return decisions in which every new customer has a number; missing ones follow the highest number, in order.

    The lock is taken last, because all creations of the company wait for it.
    """
    given = [decision.values.get("customer_number") for decision in decisions if _creates(decision)]
    counted = [int(number) for number in given if number is not None and _is_counted(number)]
    if not counted and None not in given:
        return list(decisions)
    # A given number needs the lock too, because a concurrent creation may be assigned the same number.
    await customer_writes.lock_numbers(session)
    if None not in given:
        return list(decisions)
    following = max(await customer_writes.next_customer_number(session), *(number + 1 for number in counted), 1)
    numbered: list[Decision] = []
    for decision in decisions:
        if _creates(decision) and decision.values["customer_number"] is None:
            numbered.append(_with_number(decision, following))
            following += 1
        else:
            numbered.append(decision)
    return numbered


def _creates(decision: Decision) -> bool:
    return decision.before is None and decision.writes


def _is_counted(number: str) -> bool:
    """Return whether a number counts for the highest number: it is all digits."""
    return number.isascii() and number.isdigit()


def _with_number(decision: Decision, number: int) -> Decision:
    digits = str(number)
    if len(digits) <= MOST_NUMBER_CHARACTERS:
        return replace(decision, values={**decision.values, "customer_number": digits})
    message = (
        f"must be given, because the number after the highest one would have more than {MOST_NUMBER_CHARACTERS} digits."
    )
    return replace(decision, problems=(Problem(ErrorCode.FIELD_REQUIRED, ("customer_number",), message),))
