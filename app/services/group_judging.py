"""Judge changes of customer groups, by single writes and by rows of lists. Reads nothing from the database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from app.domain.errors import ErrorCode, Problem
from app.domain.texts import shown

NOT_FOUND = Problem(ErrorCode.CUSTOMER_GROUP_NOT_FOUND, ("id",), "must be the id of a customer group of the company.")


@dataclass(slots=True)
class GroupFacts:
    """The stored objects that inputs name."""

    group_ids: Mapping[str, UUID]
    """Ids of groups by number."""
    accounts: Mapping[UUID, str]
    """Numbers of ledger accounts by id."""
    account_ids: Mapping[str, UUID] = field(init=False)
    """Ids of the same ledger accounts by number."""

    def __post_init__(self) -> None:
        self.account_ids = {number: id_ for id_, number in self.accounts.items()}


def reference_problems(values: Mapping[str, object], group_id: UUID | None, facts: GroupFacts) -> list[Problem]:
    """Return problems of a number that another group has and of ledger accounts that don't exist."""
    problems: list[Problem] = []
    number = values.get("number")
    if isinstance(number, str) and facts.group_ids.get(number, group_id) != group_id:
        message = "is already used by another customer group; choose another number."
        problems.append(Problem(ErrorCode.CUSTOMER_GROUP_NUMBER_ALREADY_EXISTS, ("number",), message))
    for name, known in (("account_id", facts.accounts), ("account_number", facts.account_ids)):
        if values.get(name) is not None and values[name] not in known:
            message = (
                f"must be the {name.removeprefix('account_')} of a ledger account of the company, not"
                f" {shown(str(values[name]))}."
            )
            problems.append(Problem(ErrorCode.LEDGER_ACCOUNT_NOT_FOUND, (name,), message))
    return problems
