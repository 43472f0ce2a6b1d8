"""The type CustomerGroup."""

from collections.abc import Awaitable
from decimal import Decimal

import strawberry
from strawberry import UNSET

from app.db import graph
from app.db.rows import ChangeRow, CustomerGroupRow, LedgerAccountRow
from app.graphql.connections import CustomerList, Listed, listed_of
from app.graphql.context import Info
from app.graphql.field_arguments import read_edge_page
from app.graphql.permissions import READS, READS_ACCOUNTS
from app.graphql.types.customer_connection import CustomerConnection
from app.graphql.types.customer_filter import OrderBy, Where
from app.graphql.types.history import ChangeConnection
from app.graphql.types.ledger_account import LedgerAccount
from app.graphql.types.node import Node, keys_of
from app.graphql.types.paging import After, First
from app.graphql.types.scalars import Metadata


@strawberry.type(
    description="A group of customers that share a discount and a ledger account.",
    directives=keys_of(graph.customer_group),
)
class CustomerGroup(Node):
    """A customer group, resolved from its row."""

    id: strawberry.ID = strawberry.field(description="The group's unique identifier, a UUID.")
    number: str = strawberry.field(description="The group's number, unique in the company.")
    name: str = strawberry.field(description="The group's name.")
    discount: Decimal = strawberry.field(description="The discount of its customers, in percent, 0 to 100.")
    account_id: strawberry.ID = strawberry.field(description="The id of the ledger account that its customers post to.")
    account_number: str = strawberry.field(
        description="The number of that ledger account. Needs customers-read.", extensions=READS
    )
    account_name: str = strawberry.field(
        description="The name of that ledger account. Needs customers-read.", extensions=READS
    )
    metadata: Metadata = strawberry.field(description="Key-value metadata attached to the group.")
    version: int = strawberry.field(description="The number of the group's latest change, from 1.")

    @strawberry.field(
        description="The ledger account that its customers post to; null with an error without that scope. Needs"
        " accounts-read.",
        graphql_type=LedgerAccount | None,
        extensions=READS_ACCOUNTS,
    )
    @staticmethod
    def account(group: strawberry.Parent[CustomerGroupRow], info: Info) -> Awaitable[LedgerAccountRow | None]:
        """Load the ledger account. It is nullable, because reading the group doesn't imply the scope accounts-read."""
        return info.context.loaders.account().load(group.account_id)

    @strawberry.field(
        description="The customers of the group, by customer number unless `orderBy` is given. Needs customers-read.",
        graphql_type=CustomerConnection,
        extensions=READS,
    )
    @staticmethod
    async def customers(
        group: strawberry.Parent[CustomerGroupRow],
        info: Info,
        first: First = UNSET,
        after: After = UNSET,
        where: Where = UNSET,
        order_by: OrderBy = UNSET,
    ) -> CustomerList:
        """Load a page of the group's customers."""
        company_id, edge = info.context.principal.company_id, graph.group_customers
        asked = read_edge_page(company_id, edge, first=first, after=after, where=where, order_by=order_by)
        return await listed_of(info.context, graph.group_customers, group.id, asked)

    @strawberry.field(
        description="Its changes, the newest first: actor, time and fields. Needs customers-read.",
        graphql_type=ChangeConnection,
        extensions=READS,
    )
    @staticmethod
    async def history(
        group: strawberry.Parent[CustomerGroupRow], info: Info, first: First = UNSET, after: After = UNSET
    ) -> Listed[ChangeRow]:
        """Load a page of the group's history."""
        asked = read_edge_page(info.context.principal.company_id, graph.group_history, first=first, after=after)
        return await listed_of(info.context, graph.group_history, group.id, asked)
