"""The root query fields. The file is over 250 lines because it lists all of them."""

from functools import partial
from typing import Annotated
from uuid import UUID

import strawberry
from graphql import GraphQLError
from strawberry import UNSET
from strawberry.schema import BaseSchema

from app.db import accounts as stored_accounts
from app.db import customers as stored_customers
from app.db import graph
from app.db import groups as stored_groups
from app.db import webhooks as stored_webhooks
from app.db.declarations import Entity, RowT, SortKey
from app.db.rows import CustomerGroupRow, CustomerRow, LedgerAccountRow
from app.db.webhook_rows import WebhookEndpointRow
from app.domain.errors import Rejected
from app.domain.identity import Principal
from app.graphql import feed_queries, found
from app.graphql.commands import update_command
from app.graphql.connections import CustomerList, Listed, all_customers, rows_of_company
from app.graphql.context import Info
from app.graphql.errors import ReportsProblems
from app.graphql.feed import recently
from app.graphql.field_arguments import PageGiven, read_customers_page, read_filtered_list, read_key, read_rows_page
from app.graphql.found import AnyRow
from app.graphql.permissions import READS, READS_ACCOUNTS, READS_WEBHOOKS
from app.graphql.planning.reading import DEFAULT_LIST
from app.graphql.planning.references import read_node_id, read_node_ids, read_representations
from app.graphql.types.customer import Customer
from app.graphql.types.customer_connection import CustomerConnection
from app.graphql.types.customer_filter import OrderBy, Where
from app.graphql.types.customer_input import UpdateCustomerInput
from app.graphql.types.edges import beside
from app.graphql.types.entity import Entities, Representations, Service
from app.graphql.types.group import CustomerGroup
from app.graphql.types.group_filter import CustomerGroupFilter
from app.graphql.types.ledger_account import LedgerAccount
from app.graphql.types.ledger_account_filter import LedgerAccountFilter
from app.graphql.types.lookups import CustomerGroupLookup, CustomerLookup
from app.graphql.types.node import Node
from app.graphql.types.paging import After, Before, Connection, FirstOrLast, Last, ListFirst
from app.graphql.types.transition_preview import BillingTransitionPreview
from app.graphql.types.viewer import Viewer
from app.graphql.types.webhook_endpoint import WebhookEndpoint
from app.services.preview_transition import TransitionPreview, preview_transition

ByCustomerKey = Annotated[CustomerLookup, strawberry.argument(description="The key.")]
ByGroupKey = Annotated[CustomerGroupLookup, strawberry.argument(description="The key.")]
NodeId = Annotated[strawberry.ID, strawberry.argument(description="The id, a UUID.")]
NodeIds = Annotated[
    list[strawberry.ID], strawberry.argument(description="The ids, UUIDs: at most 500, including repeated ones.")
]
GroupWhere = Annotated[
    CustomerGroupFilter | None, strawberry.argument(description="Only groups that meet these conditions.")
]
AccountWhere = Annotated[
    LedgerAccountFilter | None, strawberry.argument(description="Only accounts that meet these conditions.")
]
PreviewInput = Annotated[UpdateCustomerInput, strawberry.argument(description="The input of updateCustomer.")]


def _rejected_preview(rejected: Rejected) -> TransitionPreview:
    return TransitionPreview(None, rejected.problems, None)


async def _page_of(
    info: Info,
    entity: Entity[RowT],
    order: tuple[SortKey, ...],
    where: CustomerGroupFilter | LedgerAccountFilter | None,
    page: PageGiven,
) -> Listed[RowT]:
    asked = read_rows_page(info.context.principal.company_id, entity, order, where=where, **page)
    return await rows_of_company(info.context, entity, asked)


@strawberry.type(description="All queries.")
class Query:
    """The root fields of queries. Each reads only rows of the credential's company."""

    @strawberry.field(
        description="One customer, by a unique key; null if the company has no customer with that key. Always fresh."
        " Needs customers-read.",
        graphql_type=Customer | None,
        extensions=READS,
    )
    @staticmethod
    async def customer(info: Info, by: ByCustomerKey) -> CustomerRow | None:
        """Load the customer by id through the loader, so that equal ids of one operation are read once."""
        condition = read_key(by).condition
        if isinstance(condition.value, UUID):
            return await info.context.loaders.customer().load(condition.value)
        return await stored_customers.find(info.context.session, condition)

    @strawberry.field(
        description="The company's customers, in pages. The list without `where` may be up to 5 seconds old; a filtered"
        " one, and one beside `feedCursor` or `changes`, is always fresh. Needs customers-read.",
        graphql_type=CustomerConnection | None,
        extensions=READS,
    )
    @staticmethod
    async def customers(
        info: Info,
        first: FirstOrLast = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
        where: Where = UNSET,
        order_by: OrderBy = UNSET,
    ) -> CustomerList:
        """Return a keyset page."""
        company_id = info.context.principal.company_id
        requested = read_customers_page(
            company_id, first=first, after=after, last=last, before=before, where=where, order_by=order_by
        )
        return await all_customers(info, requested)

    @strawberry.field(
        description="One customer group, by a unique key; null if the company has no group with that key. Needs"
        " customers-read.",
        graphql_type=CustomerGroup | None,
        extensions=READS,
    )
    @staticmethod
    async def customer_group(info: Info, by: ByGroupKey) -> CustomerGroupRow | None:
        """Load the group by id through the loader, as customers are."""
        condition = read_key(by).condition
        if isinstance(condition.value, UUID):
            return await info.context.loaders.one(graph.customer_group).load(condition.value)
        return await stored_groups.find(info.context.session, condition)

    @strawberry.field(
        description="The company's customer groups, by number. The list without `where` may be up to 5 seconds old;"
        " a filtered one, and one beside `feedCursor` or `changes`, is always fresh. Needs customers-read.",
        graphql_type=list[CustomerGroup] | None,
        extensions=READS,
    )
    @staticmethod
    async def customer_groups(
        info: Info, where: GroupWhere = UNSET, first: ListFirst = DEFAULT_LIST
    ) -> list[CustomerGroupRow]:
        """Return the first groups. Most companies have dozens."""
        requested, context = read_filtered_list(where=where, first=first), info.context

        async def read() -> list[CustomerGroupRow]:
            return await stored_groups.first_groups(context.session, requested.only, limit=requested.limit)

        if requested.only is not None:
            return await read()
        return await recently(info, ("groups", first), read)

    @strawberry.field(
        description=f"{beside('customerGroups')} Always fresh. Needs customers-read.",
        graphql_type=Connection[CustomerGroup] | None,
        extensions=READS,
    )
    @staticmethod
    async def customer_groups_connection(
        info: Info,
        first: FirstOrLast = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
        where: GroupWhere = UNSET,
    ) -> Listed[CustomerGroupRow]:
        """Return a keyset page."""
        page = PageGiven(first=first, after=after, last=last, before=before)
        return await _page_of(info, graph.customer_group, stored_groups.GROUPS_BY_NUMBER, where, page)

    @strawberry.field(
        description="The company's ledger accounts, by number in its natural order. Always fresh. Needs accounts-read.",
        graphql_type=list[LedgerAccount] | None,
        extensions=READS_ACCOUNTS,
    )
    @staticmethod
    async def ledger_accounts(
        info: Info, where: AccountWhere = UNSET, first: ListFirst = DEFAULT_LIST
    ) -> list[LedgerAccountRow]:
        """Return the first accounts. Most companies have hundreds."""
        requested = read_filtered_list(where=where, first=first)
        return await stored_accounts.first_accounts(info.context.session, requested.only, limit=requested.limit)

    @strawberry.field(
        description=f"{beside('ledgerAccounts')} Always fresh. Needs accounts-read.",
        graphql_type=Connection[LedgerAccount] | None,
        extensions=READS_ACCOUNTS,
    )
    @staticmethod
    async def ledger_accounts_connection(
        info: Info,
        first: FirstOrLast = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
        where: AccountWhere = UNSET,
    ) -> Listed[LedgerAccountRow]:
        """Return a keyset page."""
        page = PageGiven(first=first, after=after, last=last, before=before)
        return await _page_of(info, graph.ledger_account, stored_accounts.ACCOUNTS_BY_NUMBER, where, page)

    @strawberry.field(
        description="What updateCustomer would change in billing with the same input, and all its errors. Writes"
        " nothing. Needs customers-read.",
        graphql_type=BillingTransitionPreview | None,
        extensions=[*READS, ReportsProblems(_rejected_preview, writes=False)],
    )
    @staticmethod
    async def billing_transition_preview(info: Info, input: PreviewInput) -> TransitionPreview:  # noqa: A002 - the schema's name
        """Compute the transition from the operation's snapshot."""
        await info.context.pace.turn()
        return await preview_transition(info.context.session, *update_command(input))

    feed_cursor = feed_queries.feed_cursor
    changes = feed_queries.changes

    @strawberry.field(
        description="The company's webhook endpoints, at most 20, the oldest first. Always fresh. Needs webhooks-read.",
        graphql_type=list[WebhookEndpoint] | None,
        extensions=READS_WEBHOOKS,
    )
    @staticmethod
    async def webhook_endpoints(info: Info) -> list[WebhookEndpointRow]:
        """Return all endpoints."""
        return await stored_webhooks.all_endpoints(info.context.session)

    @strawberry.field(
        description="The object with this id; null if the company has none. Ledger accounts also need accounts-read."
        " Needs customers-read.",
        graphql_type=Node | None,
        extensions=READS,
    )
    @staticmethod
    async def node(info: Info, id: NodeId) -> AnyRow | None:  # noqa: A002 - the schema's name
        """Return the object of any type."""
        return await found.node(info.context, read_node_id(id))

    @strawberry.field(
        description="The objects with these ids, in the order of the ids: null for an id that the company doesn't have,"
        " and null with an error for each id that is not a UUID. An operation with more than 100 malformed"
        " ids is rejected as a whole (BAD_USER_INPUT). Ledger accounts also need accounts-read. Needs"
        " customers-read.",
        graphql_type=list[Node | None] | None,
        extensions=READS,
    )
    @staticmethod
    async def nodes(info: Info, ids: NodeIds) -> list[AnyRow | GraphQLError | None]:
        """Return the objects of any type, each id read once."""
        requested = await info.context.compute(partial(read_node_ids, ids), len(ids))
        return await found.nodes(info.context, requested)

    @strawberry.field(
        name="_entities",
        description="The objects of these representations, in their order: null for an object that the company doesn't"
        " have, and null with an error for each malformed representation. An operation with more than 100"
        " malformed ones is rejected as a whole (BAD_USER_INPUT). Ledger accounts also need accounts-read."
        " For gateways. Needs customers-read.",
        graphql_type=Entities,
        extensions=READS,
    )
    @staticmethod
    async def entities(info: Info, representations: Representations) -> list[AnyRow | GraphQLError | None]:
        """Return the objects of any type and key, each reference read once."""
        read = partial(read_representations, representations, most=info.context.max_representations)
        requested = await info.context.compute(read, len(representations))
        return await found.entities(info.context, requested)

    @strawberry.field(
        name="_service",
        description="The description of this subgraph. No scope is needed. For gateways.",
        graphql_type=Service,
    )
    @staticmethod
    def service(info: Info) -> BaseSchema:
        """Return the schema, which `Service` prints."""
        return info.schema

    @strawberry.field(description="The company, subject and scopes of the request's credential.", graphql_type=Viewer)
    @staticmethod
    def viewer(info: Info) -> Principal:
        """Return the principal of the credential."""
        return info.context.principal
