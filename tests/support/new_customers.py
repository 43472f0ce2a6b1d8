"""New customers as services and as GraphQL take them: the required fields, and those that a test adds."""

from typing import Any
from uuid import UUID


def new_customer(group_id: UUID, external_system_id: str | None = None, **fields: Any) -> dict[str, Any]:
    """Return the fields of a new customer by the names that services use."""
    required = {"name": "Fjord", "vat_zone": "DOMESTIC", "country_code": "DK", "default_currency": "DKK"}
    key = {} if external_system_id is None else {"external_system_id": external_system_id}
    return {**required, "customer_group_id": group_id, **key, **fields}


def new_customer_input(group_id: UUID, external_system_id: str | None = None, **fields: Any) -> dict[str, Any]:
    """Return the fields of a new customer by the names of the GraphQL schema."""
    required = {"name": "Fjord", "vatZone": "DOMESTIC", "countryCode": "DK", "defaultCurrency": "DKK"}
    key = {} if external_system_id is None else {"externalSystemId": external_system_id}
    return {**required, "customerGroupId": str(group_id), **key, **fields}
