"""Which scope a field needs."""

from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.extensions import FieldExtension
from strawberry.extensions.field_extension import AsyncExtensionResolver, SyncExtensionResolver
from strawberry.types.field import StrawberryField

from app.domain.identity import Scope
from app.graphql.codes import FieldCode
from app.graphql.federation import FederationScope, RequiresScopes


class Requires(FieldExtension):
    """Refuses a field to credentials without a scope, and names the scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def apply(self, field: StrawberryField) -> None:
        """Say it in the schema too, so that gateways know."""
        needed = RequiresScopes(scopes=[[FederationScope(self.scope.value)]])
        if needed not in field.directives:
            field.directives = [*field.directives, needed]

    def resolve(
        self, next_: SyncExtensionResolver, source: Any, info: strawberry.Info[Any, None], **arguments: Any
    ) -> Any:
        """Check, then resolve a field that answers at once."""
        self._check(info)
        return next_(source, info, **arguments)

    async def resolve_async(
        self, next_: AsyncExtensionResolver, source: Any, info: strawberry.Info[Any, None], **arguments: Any
    ) -> Any:
        """Check, then resolve a field that answers later."""
        self._check(info)
        return await next_(source, info, **arguments)

    def _check(self, info: strawberry.Info[Any, None]) -> None:
        if self.scope not in info.context.principal.scopes:
            raise forbidden(self.scope)


def forbidden(scope: Scope) -> GraphQLError:
    """Return the error for a credential without a scope."""
    message = f"This needs the scope {scope}, which the credential does not carry."
    return GraphQLError(message, extensions={"code": FieldCode.FORBIDDEN, "requiredScope": scope.value})


READS: list[FieldExtension] = [Requires(Scope.CUSTOMERS_READ)]
"""The extensions of every field that shows stored customer data."""
READS_ACCOUNTS: list[FieldExtension] = [Requires(Scope.ACCOUNTS_READ)]
"""The extensions of every field that shows stored ledger accounts."""
