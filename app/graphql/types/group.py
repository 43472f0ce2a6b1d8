"""The type CustomerGroup."""

from collections.abc import Awaitable
from decimal import Decimal

import strawberry
from strawberry import UNSET

from app.db import graph
from app.db.rows import CustomerGroupRow, LedgerAccountRow
from app.graphql.connections import CustomerList, listed_of
from app.graphql.context import Info
from app.graphql.field_arguments import PageGiven, read_edge_page
from app.graphql.permissions import READS, READS_ACCOUNTS
from app.graphql.types.customer_connection import CustomerConnection
from app.graphql.types.customer_filter import OrderBy, Where
from app.graphql.types.edges import edge_connection
from app.graphql.types.history import CHANGES, Change
from app.graphql.types.ledger_account import LedgerAccount
from app.graphql.types.node import Node, keys_of
from app.graphql.types.paging import After, Before, FirstOrLast, Last
from app.graphql.types.scalars import Metadata


@strawberry.type(
    description="A group of customers that share a discount and a ledger account.",
    directives=keys_of(graph.customer_group),
)
class CustomerGroup(Node):
    """A customer group, resolved from its row."""

    id: strawberry.ID = strawberry.field(description="The group's id, a UUID.")
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
        return info.context.loaders.one(graph.ledger_account).load(group.account_id)

    @strawberry.field(
        description="The customers of the group, by customer number unless `orderBy` is given. Needs customers-read.",
        graphql_type=CustomerConnection,
        extensions=READS,
    )
    @staticmethod
    async def customers(
        group: strawberry.Parent[CustomerGroupRow],
        info: Info,
        first: FirstOrLast = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
        where: Where = UNSET,
        order_by: OrderBy = UNSET,
    ) -> CustomerList:
        """Load a page of the group's customers."""
        company_id, edge = info.context.principal.company_id, graph.group_customers
        page = PageGiven(first=first, after=after, last=last, before=before)
        asked = read_edge_page(company_id, edge, where=where, order_by=order_by, **page)
        return await listed_of(info.context, edge, group.id, asked)

    history = edge_connection(graph.group_history, Change, CHANGES)
