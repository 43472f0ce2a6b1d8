"""The import of customers."""

from collections.abc import Mapping, Sequence
from typing import cast

from app.cli.import_cells import METADATA_CELLS, amount, flag, json_amount, json_such_as, whole
from app.cli.import_kind import ACTOR, Kind, RowResult, other_keys, row_keys
from app.cli.import_rows import Columns
from app.db.unit_of_work import UnitOfWork
from app.domain import customer_fields
from app.domain.fields import schema_name
from app.domain.upserts import MatchKey, RejectionPolicy
from app.services.upsert_customers import UpsertCustomersCommand, UpsertCustomersOutcome, upsert_customers
from app.services.upsert_rows import UpsertRow, key_of

_TRANSITIONS = "subscriptionTransitions"


def customers_by(match_by: MatchKey) -> Kind[UpsertRow]:
    """Return the kind for customers that are matched by a key."""

    async def carry_out(
        unit_of_work: UnitOfWork, rows: Sequence[UpsertRow], policy: RejectionPolicy
    ) -> Sequence[RowResult]:
        command = UpsertCustomersCommand(tuple(rows), match_by, policy)
        outcome, _ = await upsert_customers(unit_of_work, ACTOR, command, None)
        return outcome.results

    key = schema_name(match_by.attribute)
    return Kind(
        columns=CUSTOMER_COLUMNS,
        key=key,
        keys=lambda row: row_keys((key, key_of(row, match_by))),
        problems=lambda row: customer_fields.read_fields(row.fields, creating=False)[1],
        carry_out=carry_out,
        results_of=lambda found: found.results if isinstance(found, UpsertCustomersOutcome) else None,
        other_keys=other_keys(match_by),
    )


def _customer(fields: Mapping[str, object]) -> UpsertRow:
    attributes = {_CUSTOMER[name]: value for name, value in fields.items() if name != _TRANSITIONS}
    transitions = fields.get(_TRANSITIONS)
    if transitions is None:
        return UpsertRow(attributes)
    entries = cast("list[object]", transitions if isinstance(transitions, list) else [transitions])
    return UpsertRow(attributes, tuple(_subscription(entry) for entry in entries))


def _subscription(entry: object) -> object:
    return cast("dict[str, object]", entry).get("subscriptionId") if isinstance(entry, dict) else entry


_CUSTOMER = {schema_name(name): name for name in (*customer_fields.FIELDS, "metadata_set", "metadata_unset")}
CUSTOMER_COLUMNS = Columns(
    "customers",
    "UpsertCustomerRow",
    frozenset({*_CUSTOMER, _TRANSITIONS}),
    _customer,
    cells={
        **dict.fromkeys(("creditLimit", "openingBalance"), amount),
        **dict.fromkeys(("paymentTerms", "billingDay"), whole),
        **dict.fromkeys(("isActive", "includeChildDetailsPdf"), flag),
        **METADATA_CELLS,
        _TRANSITIONS: json_such_as('[{"subscriptionId": "0198c0de-0000-7000-8000-000000000000"}]'),
    },
    numbers=frozenset({"customerNumber", "externalSystemId", "name", "phone", "postalCode", "vatNumber"}),
    values=dict.fromkeys(("creditLimit", "openingBalance"), json_amount),
    has_entries=True,
)
