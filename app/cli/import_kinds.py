"""What can be imported: the columns of its files, and the use case that takes its rows."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, cast

from app.cli.import_files import Columns
from app.db.unit_of_work import UnitOfWork
from app.domain import account_fields, customer_fields
from app.domain.decimals import decimal_of
from app.domain.errors import Fault
from app.domain.fields import schema_name
from app.domain.texts import trimmed
from app.domain.upserts import MatchKey, RefusalPolicy, RowOutcome
from app.services.upsert_accounts import UpsertAccountsCommand, UpsertAccountsOutcome, upsert_accounts
from app.services.upsert_customers import UpsertCustomersCommand, UpsertCustomersOutcome, upsert_customers
from app.services.upsert_rows import UpsertRow

RowT = TypeVar("RowT")
_ACTOR = "customer-gateway import"
_TRANSITIONS = "subscriptionTransitions"
_AMOUNTS = ("creditLimit", "openingBalance")
_NUMBER = re.compile(r"[+-]?[0-9]{1,30}")
_FLAGS = {"true": True, "false": False}


class RowResult(Protocol):
    """How a row ended."""

    @property
    def index(self) -> int:
        """The row's place in its batch."""
        ...

    @property
    def outcome(self) -> RowOutcome:
        """Whether it was written."""
        ...

    @property
    def errors(self) -> Sequence[Fault]:
        """Why it was refused."""
        ...


class CarryOut(Protocol, Generic[RowT]):  # pyright: ignore[reportInvalidTypeVarUse] - a protocol of one call
    """Carry out one batch in one transaction."""

    async def __call__(
        self, unit_of_work: UnitOfWork, rows: Sequence[RowT], policy: RefusalPolicy, *, dry_run: bool
    ) -> Sequence[RowResult]:
        """Return how each row ended; raise Refused as the use case does."""
        ...


@dataclass(frozen=True, slots=True)
class Kind(Generic[RowT]):
    """One kind of what can be imported."""

    columns: Columns[RowT]
    carry_out: CarryOut[RowT]


def results_of(outcome: object) -> Sequence[RowResult] | None:
    """Return the results that a refusal of a whole batch carries; None where it is about no row."""
    return outcome.results if isinstance(outcome, UpsertCustomersOutcome | UpsertAccountsOutcome) else None


def customers_by(key: MatchKey) -> Kind[UpsertRow]:
    """Return the kind of customers that are found by a key."""

    async def carry_out(
        unit_of_work: UnitOfWork, rows: Sequence[UpsertRow], policy: RefusalPolicy, *, dry_run: bool
    ) -> Sequence[RowResult]:
        command = UpsertCustomersCommand(tuple(rows), key, policy, dry_run)
        outcome, _ = await upsert_customers(unit_of_work, _ACTOR, command, None)
        return outcome.results

    return Kind(CUSTOMER_COLUMNS, carry_out)


async def _carry_out_accounts(
    unit_of_work: UnitOfWork, rows: Sequence[Mapping[str, object]], policy: RefusalPolicy, *, dry_run: bool
) -> Sequence[RowResult]:
    outcome, _ = await upsert_accounts(unit_of_work, _ACTOR, UpsertAccountsCommand(tuple(rows), policy, dry_run), None)
    return outcome.results


def _customer(fields: Mapping[str, object]) -> UpsertRow:
    attributes = {_CUSTOMER[name]: value for name, value in fields.items() if name != _TRANSITIONS}
    transitions = fields.get(_TRANSITIONS)
    if transitions is None:
        return UpsertRow(attributes)
    entries = cast("list[object]", transitions if isinstance(transitions, list) else [transitions])
    return UpsertRow(attributes, tuple(_subscription(each) for each in entries))


def _subscription(entry: object) -> object:
    return cast("dict[str, object]", entry).get("subscriptionId") if isinstance(entry, dict) else entry


def _account(fields: Mapping[str, object]) -> Mapping[str, object]:
    return {_ACCOUNT[name]: value for name, value in fields.items()}


def _whole(cell: str) -> object:
    return int(cell) if _NUMBER.fullmatch(cell.strip()) else cell


def _flag(cell: str) -> object:
    return _FLAGS.get(cell.strip(), cell)


def _amount(value: object) -> object:
    found = decimal_of(trimmed(value) if isinstance(value, str) else value)
    return value if found is None else found


def _json(cell: str) -> object:
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return cell


# What a reader can't read stays text: the rules of the field then refuse the row, and say what it must be.
_CELLS: dict[str, Callable[[str], object]] = {
    **dict.fromkeys(_AMOUNTS, _amount),
    **dict.fromkeys(("paymentTerms", "billingDay"), _whole),
    **dict.fromkeys(("isActive", "includeChildDetailsPdf"), _flag),
    **dict.fromkeys(("metadata", "metadataSet", "metadataUnset", _TRANSITIONS), _json),
}
_CUSTOMER = {schema_name(each): each for each in (*customer_fields.ATTRIBUTES, "metadata_set", "metadata_unset")}
_ACCOUNT = {schema_name(each): each for each in account_fields.ATTRIBUTES}

CUSTOMER_COLUMNS = Columns(
    "customers",
    "UpsertCustomerRow",
    frozenset({*_CUSTOMER, _TRANSITIONS}),
    _customer,
    _CELLS,
    dict.fromkeys(_AMOUNTS, _amount),
    has_entries=True,
)
ACCOUNTS: Kind[Any] = Kind(
    Columns("ledger accounts", "UpsertLedgerAccountRow", frozenset(_ACCOUNT), _account), _carry_out_accounts
)
