"""Outcomes in the format of version 1: rows as lists of values, in the order of their columns at that time.

Keys live for 24 hours, so remove this module in the second release after the one that introduced version 2.
"""

import json
from typing import Any, cast

from app.domain.encodings import TYPE

_ACCOUNT = "LedgerAccountRow", ("id", "number", "name", "version")
_CONTACT = "ContactRow", ("id", "name", "is_default_for_customer", "email", "phone", "version")
_CUSTOMER = (
    "CustomerRow",
    (
        *("id", "customer_number", "customer_type", "name", "vat_zone", "customer_group_id", "customer_group_number"),
        *("customer_group_name", "is_active", "billing_relationship", "include_child_details_pdf", "email", "phone"),
        *("address", "city", "postal_code", "country_code", "vat_number", "website", "external_system_id", "notes"),
        *("credit_limit", "opening_balance", "payment_terms", "payment_term_type", "default_currency"),
        *("parent_customer_id", "consolidation_mode", "billing_day", "parent_invoice_template_id", "metadata"),
        *("version", "created_at", "updated_at"),
    ),
)
_DEPARTMENT = (
    "DepartmentRow",
    (
        *("id", "name", "is_default", "is_active", "po_number", "ean_number", "address", "city", "postal_code"),
        *("country_code", "version"),
    ),
)
_GROUP = (
    "CustomerGroupRow",
    ("id", "number", "name", "discount", "account_id", "account_number", "account_name", "metadata", "version"),
)
_Row = tuple[str, tuple[str, ...]]
_PROBLEMS = {
    "customer_ids": "CustomersProblem",
    "subscription_ids": "SubscriptionsProblem",
    "limit": "LimitProblem",
    "key": "MetadataProblem",
}
"""Kinds of a row's problem, by a field that only this kind has."""


def by_name(mutation: str, stored: Any) -> dict[str, Any]:
    """Return a stored outcome with its values by name. Raise ValueError if the number of values is wrong."""
    is_update = mutation.startswith("Update")
    match mutation:
        case "CreateCustomerCommand" | "UpdateCustomerCommand":
            return {**stored, "customer": _row(_CUSTOMER, stored["customer"])}
        case "UpsertCustomersCommand":
            return {"results": [_result(result, "customer", _CUSTOMER) for result in stored["results"]]}
        case "UpsertAccountsCommand":
            return {"results": [_result(result, "ledger_account", _ACCOUNT) for result in stored["results"]]}
        case _ if mutation.endswith("CustomerGroupCommand"):
            # Version 1 didn't store whether an update changed something.
            return {"group": _row(_GROUP, stored), "wrote": not is_update}
        case _:
            kind = _CONTACT if mutation.endswith("ContactCommand") else _DEPARTMENT
            return {**stored, "row": _row(kind, stored["row"]), "wrote": not is_update}


def _row(kind: _Row, values: Any) -> dict[str, Any] | None:
    if values is None:
        return None
    name, fields = kind
    row = {TYPE: name} | dict(zip(fields, values, strict=True))
    return row | {"metadata": json.dumps(row["metadata"])} if "metadata" in row else row


def _result(stored: dict[str, Any], field: str, kind: _Row) -> dict[str, Any]:
    errors = [_problem(error) for error in stored["errors"]]
    return {**stored, field: _row(kind, stored[field]), "errors": errors}


def _problem(stored: dict[str, Any]) -> dict[str, Any]:
    kinds = [name for field, name in _PROBLEMS.items() if field in stored]
    return {TYPE: cast("Any", kinds[0]) if kinds else "Problem"} | stored
