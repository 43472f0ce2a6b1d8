"""The type LedgerAccount."""

import strawberry

from app.db import graph
from app.graphql.types.node import Node, keys_of


@strawberry.type(
    description="An account of the company's ledger, which customer groups post to.",
    directives=keys_of(graph.ledger_account),
)
class LedgerAccount(Node):
    """A ledger account, resolved from its row."""

    id: strawberry.ID = strawberry.field(description="The account's id, a UUID.")
    number: str = strawberry.field(description="The account's number, unique in the company.")
    name: str = strawberry.field(description="The account's name.")
    version: int = strawberry.field(description="The number of the account's latest change, from 1.")
