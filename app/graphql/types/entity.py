"""The types of federation: entities that other subgraphs can refer to, and the text of this subgraph's schema."""

from functools import lru_cache
from typing import Annotated, Any

import strawberry
from strawberry.schema import BaseSchema

from app.graphql.introduction import INTRODUCTION
from app.graphql.strawberry_seam import FederationAny, with_description
from app.graphql.types.billing_document import BillingDocument, BillingTransition
from app.graphql.types.contact import Contact
from app.graphql.types.customer import Customer
from app.graphql.types.department import Department
from app.graphql.types.group import CustomerGroup
from app.graphql.types.ledger_account import LedgerAccount
from app.graphql.types.subscription import CustomerSubscription, SubscriptionPeriod

_Entity = Annotated[
    Customer
    | CustomerGroup
    | Contact
    | Department
    | CustomerSubscription
    | SubscriptionPeriod
    | BillingDocument
    | BillingTransition
    | LedgerAccount,
    strawberry.union("_Entity", description="The types that other subgraphs can refer to."),
]
Entities: Any = list[_Entity | None]
Representations = Annotated[
    list[FederationAny],
    strawberry.argument(
        description="Objects of `__typename` and one of the type's keys; at most 10,000, or the value of"
        " MAX_REPRESENTATIONS."
    ),
]


@lru_cache(maxsize=1)
def printed(schema: BaseSchema) -> str:
    """Return the schema's text. It is cached, because it never changes."""
    return with_description(schema.as_str(), INTRODUCTION)


@strawberry.type(name="_Service", description="The description of this subgraph.")
class Service:
    """The schema of this subgraph, as text."""

    @strawberry.field(description="The schema with its directives, for composing a supergraph.")
    @staticmethod
    def sdl(schema: strawberry.Parent[BaseSchema]) -> str:
        """Return the text."""
        return printed(schema)
