"""The import of customer groups."""

from collections.abc import Mapping, Sequence

from app.cli.import_cells import METADATA_CELLS, json_amount, parse_amount, parse_whole
from app.cli.import_kind import Kind, RowKey, given_keys
from app.cli.import_rows import Columns, by_attribute
from app.domain import group_fields
from app.services.upsert_groups import UpsertCustomerGroupsCommand, upsert_customer_groups


def _keys(row: Mapping[str, object]) -> Sequence[RowKey]:
    group_id, number = group_fields.row_keys(row)
    return given_keys(("id", group_id), ("number", number))


_NAMES, _row = by_attribute(group_fields.ROW_ATTRIBUTES)

GROUPS: Kind[Mapping[str, object]] = Kind(
    columns=Columns(
        "customer groups",
        "UpsertCustomerGroupRow",
        _NAMES,
        _row,
        cells={"discount": parse_amount, "expectedVersion": parse_whole, **METADATA_CELLS},
        numbers=frozenset({"number", "name", "accountNumber"}),
        values={"discount": json_amount},
        has_entries=True,
        instead={"accountId": "accountNumber"},
    ),
    key="number",
    keys=_keys,
    problems=lambda row: group_fields.read_group_row(row, creating=False)[1],
    command=UpsertCustomerGroupsCommand,
    upsert=upsert_customer_groups,
    has_ids=True,
)
