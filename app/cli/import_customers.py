"""The import of customers."""

from collections.abc import Mapping, Sequence
from typing import cast

from app.cli.import_cells import METADATA_CELLS, json_amount, json_such_as, parse_amount, parse_flag, parse_whole
from app.cli.import_kind import CUSTOMER_KEY_FIELDS, Kind, Parents, RowKey, given_keys, other_keys
from app.cli.import_references import REFERENCES, CustomerLine, resolve
from app.cli.import_rows import Columns, by_attribute
from app.domain import customer_fields
from app.domain.fields import schema_name
from app.domain.upserts import MatchKey, RejectionPolicy
from app.services.customers.upsert_rows import UpsertRow, key_of
from app.services.upsert_customers import UpsertCustomersCommand, upsert_customers

_TRANSITIONS = "subscriptionTransitions"


def customers_by(match_by: MatchKey) -> Kind[CustomerLine]:
    """Return the kind for customers that are matched by a key."""

    def command(lines: Sequence[CustomerLine], policy: RejectionPolicy) -> UpsertCustomersCommand:
        return UpsertCustomersCommand(tuple(line.row for line in lines), policy, match_by=match_by)

    key = schema_name(match_by.attribute)
    return Kind(
        columns=CUSTOMER_COLUMNS,
        key=key,
        keys=lambda row: given_keys((key, key_of(row.row, match_by))),
        problems=lambda row: customer_fields.read_fields(row.fields, creating=False)[1],
        command=command,
        upsert=upsert_customers,
        other_keys=other_keys(match_by),
        parents=Parents(_names, _parent, "parent", resolve),
    )


def _names(line: CustomerLine) -> Sequence[RowKey]:
    """Return the keys by which other rows may name a row as their parent."""
    return given_keys(*((schema_name(key.attribute), key_of(line.row, key)) for key in MatchKey))


def _parent(line: CustomerLine) -> RowKey | None:
    return None if line.parent is None else RowKey(schema_name(line.parent.attribute), line.parent.value)


def _customer(fields: Mapping[str, object]) -> CustomerLine:
    attributes = _row({name: value for name, value in fields.items() if name != _TRANSITIONS})
    named = {name: attributes.pop(name) for name in REFERENCES if name in attributes}
    transitions = fields.get(_TRANSITIONS)
    if transitions is None:
        return CustomerLine(UpsertRow(attributes), named)
    entries = cast("list[object]", transitions if isinstance(transitions, list) else [transitions])
    return CustomerLine(UpsertRow(attributes, tuple(_subscription(entry) for entry in entries)), named)


def _subscription(entry: object) -> object:
    return cast("dict[str, object]", entry).get("subscriptionId") if isinstance(entry, dict) else entry


_NAMES, _row = by_attribute(
    (*customer_fields.FIELDS, "metadata_set", "metadata_unset", *REFERENCES), {"parent": CUSTOMER_KEY_FIELDS}
)
CUSTOMER_COLUMNS = Columns(
    "customers",
    "UpsertCustomerRow",
    _NAMES | {_TRANSITIONS},
    _customer,
    cells={
        **dict.fromkeys(("creditLimit", "openingBalance"), parse_amount),
        **dict.fromkeys(("paymentTerms", "billingDay"), parse_whole),
        **dict.fromkeys(("isActive", "includeChildDetailsPdf"), parse_flag),
        **METADATA_CELLS,
        _TRANSITIONS: json_such_as('[{"subscriptionId": "0198c0de-0000-7000-8000-000000000000"}]'),
    },
    numbers=frozenset(
        {
            *("customerNumber", "externalSystemId", "name", "phone", "postalCode", "vatNumber", "customerGroupNumber"),
            *("parent.customerNumber", "parent.externalSystemId"),
        }
    ),
    values=dict.fromkeys(("creditLimit", "openingBalance"), json_amount),
    has_entries=True,
    objects={"parent": [schema_name(name) for name in CUSTOMER_KEY_FIELDS]},
    instead={"parentCustomerId": "parent", "customerGroupId": "customerGroupNumber"},
)
