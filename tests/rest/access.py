"""The table of access: a request of every endpoint, and the ids in it that belong to a company."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.domain.identity import Scope
from tests.support.every_mutation import TABLE as MUTATIONS
from tests.support.every_mutation import Ids
from tests.support.rest import CUSTOMERS, GROUPS


@dataclass(frozen=True, slots=True)
class Row:
    """A request that succeeds for someone of the company of these ids."""

    method: str
    path: Callable[[Ids], str]
    scope: Scope = Scope.CUSTOMERS_READ
    status: int = 200
    body: Callable[[Ids], dict[str, Any]] | None = None
    foreign: dict[str, str] = field(default_factory=dict[str, str])
    """The ids in the body, by their path, and how another company's is rejected."""
    names_customer: bool = True
    """Whether the path has a customer's id."""

    def body_of(self, ids: Ids) -> dict[str, Any] | None:
        """The body, where the endpoint has one."""
        return None if self.body is None else self.body(ids)


def _update(ids: Ids) -> dict[str, Any]:
    given = MUTATIONS["updateCustomer"].input(ids)
    return {name: value for name, value in given.items() if name != "id"}


TABLE = {
    "GET /v1/customers": Row("GET", lambda _: CUSTOMERS, names_customer=False),
    "POST /v1/customers": Row(
        "POST",
        lambda _: CUSTOMERS,
        Scope.CUSTOMERS_WRITE,
        201,
        MUTATIONS["createCustomer"].input,
        MUTATIONS["createCustomer"].foreign,
        names_customer=False,
    ),
    "GET /v1/customers/{customerId}": Row("GET", lambda ids: f"{CUSTOMERS}/{ids.customer}"),
    "PATCH /v1/customers/{customerId}": Row(
        "PATCH",
        lambda ids: f"{CUSTOMERS}/{ids.customer}",
        Scope.CUSTOMERS_WRITE,
        200,
        _update,
        {name: code for name, code in MUTATIONS["updateCustomer"].foreign.items() if name != "id"},
    ),
    "GET /v1/customers/{customerId}/contacts": Row("GET", lambda ids: f"{CUSTOMERS}/{ids.customer}/contacts"),
    "GET /v1/customers/{customerId}/departments": Row("GET", lambda ids: f"{CUSTOMERS}/{ids.customer}/departments"),
    "GET /v1/customer-groups": Row("GET", lambda _: GROUPS, names_customer=False),
}
FOREIGN = [(name, property_) for name, row in TABLE.items() for property_ in row.foreign]
