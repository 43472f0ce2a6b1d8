"""A subgraph of another team: it knows customers by their ids alone and adds their invoices."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt
import strawberry
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from strawberry.asgi import GraphQL

FEDERATION_VERSION = "2.9"
DEMO: dict[str, list[dict[str, Any]]] = json.loads(Path(__file__).with_name("demo.json").read_text(encoding="utf-8"))
"""The invoices of each company, by its id."""

Info = strawberry.Info[dict[str, Any], None]


@strawberry.federation.type(keys=["id"], description="An invoice that a customer was sent.")
class Invoice:
    """An entity of this subgraph: others may refer to it by its id."""

    id: strawberry.ID = strawberry.field(description="The invoice's number.")
    total: str = strawberry.field(description="What is to be paid, in the customer's currency.")
    paid: bool = strawberry.field(description="Whether it was paid.")
    customer_id: strawberry.Private[str]

    @strawberry.field(description="The customer; null where the company has none with its id.")
    def customer(self) -> "Customer | None":
        """A reference: its id is all that this subgraph knows, a gateway asks the other one for the rest."""
        return Customer(id=strawberry.ID(self.customer_id))

    @classmethod
    def resolve_reference(cls, info: Info, id: strawberry.ID) -> "Invoice | None":  # noqa: A002 - the key's name
        """The invoice that another subgraph refers to."""
        return next((invoice for invoice in invoices_of_caller(info) if invoice.id == id), None)


@strawberry.federation.type(keys=["id"], description="A customer, as far as its invoices go.")
class Customer:
    """What this subgraph adds to a type of another one."""

    id: strawberry.ID = strawberry.field(description="The customer's id, a UUID.")

    @strawberry.field(description="The invoices that the customer was sent.")
    def invoices(self, info: Info) -> list[Invoice]:
        """A gateway asks for them by `_entities`, with the ids that the other subgraph told it."""
        return [invoice for invoice in invoices_of_caller(info) if invoice.customer_id == self.id]

    @strawberry.field(description="The share of its invoices that is paid, in percent; null if it has none.")
    def payment_score(self, info: Info) -> int | None:
        """A number that only this subgraph can tell."""
        sent = self.invoices(info)
        return 100 * sum(invoice.paid for invoice in sent) // len(sent) if sent else None


@strawberry.type(description="Where queries begin.")
class Query:
    """The root fields of this subgraph."""

    @strawberry.field(description="Every invoice of the company that is not paid.")
    def unpaid_invoices(self, info: Info) -> list[Invoice]:
        """A query that begins here and goes on in the other subgraph."""
        return [invoice for invoice in invoices_of_caller(info) if not invoice.paid]


def invoices_of_caller(info: Info) -> list[Invoice]:
    """The invoices of the company that asks; there is no way to another's."""
    rows = DEMO.get(info.context["company_id"], [])
    return [
        Invoice(id=strawberry.ID(row["number"]), total=row["total"], paid=row["paid"], customer_id=row["customerId"])
        for row in rows
    ]


schema = strawberry.federation.Schema(query=Query, types=[Customer], federation_version=FEDERATION_VERSION)


class Callers:
    """Tells from a token which company asks, by the same issuer as the customers' service."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._issuer = environment["JWT_ISSUER"]
        self._audience = environment["JWT_AUDIENCE"]
        url, file = environment.get("JWT_JWKS_URL"), environment.get("JWT_PUBLIC_KEY_FILE")
        self._published = jwt.PyJWKClient(url) if url else None
        self._key = Path(file).read_text(encoding="utf-8") if file else ""

    def company_id(self, request: Request) -> str:
        """The company of a token that is good, or jwt.InvalidTokenError."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        key = self._published.get_signing_key_from_jwt(token).key if self._published else self._key
        options: Any = {"require": ["exp", "iss", "aud", "company_id"]}
        claims = jwt.decode(
            token, key, ["EdDSA", "RS256"], issuer=self._issuer, audience=self._audience, options=options
        )
        return str(claims["company_id"])


class Served(GraphQL[dict[str, Any], None]):
    """GraphQL whose resolvers know the company of the caller."""

    async def get_context(self, request: Any, response: Any) -> dict[str, Any]:  # noqa: ARG002 - Strawberry passes it
        """What resolvers are told."""
        return {"company_id": request.state.company_id}


def create_app() -> Starlette:
    """The application: a credential first, GraphQL then."""
    callers, graphql = Callers(os.environ), Served(schema, graphql_ide=None)

    async def answer(request: Request) -> Response:
        try:
            # In a thread, because the issuer's keys may have to be fetched.
            request.state.company_id = await run_in_threadpool(callers.company_id, request)
        except jwt.PyJWTError:
            error = {"message": "Send a token of the customers' issuer.", "extensions": {"code": "UNAUTHENTICATED"}}
            return JSONResponse({"errors": [error]}, status_code=401)
        return await graphql.run(request)

    return Starlette(routes=[Route("/graphql", answer, methods=["POST"])])
