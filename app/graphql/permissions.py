"""The scopes that fields require, and the field extensions that check them."""

from typing import Any, Protocol

import strawberry
from graphql import FieldNode, GraphQLError, GraphQLField
from strawberry.extensions import FieldExtension
from strawberry.extensions.field_extension import AsyncExtensionResolver, SyncExtensionResolver

from app.domain.identity import Scope
from app.graphql.codes import FieldCode
from app.graphql.federation import FederationScope, RequiresScopes
from app.graphql.strawberry_seam import StrawberryField, extensions_of


class Requires(FieldExtension):
    """Reject a field for credentials without all of some scopes, with an error that names the first missing one."""

    def __init__(self, *scopes: Scope) -> None:
        self.scopes = scopes

    def apply(self, field: StrawberryField) -> None:
        """Add the scopes to the schema, for gateways."""
        needed = RequiresScopes(scopes=[[FederationScope(scope.value) for scope in self.scopes]])
        if needed not in field.directives:
            field.directives = [*field.directives, needed]

    def resolve(
        self, next_: SyncExtensionResolver, source: Any, info: strawberry.Info[Any, None], **arguments: Any
    ) -> Any:
        """Check the scope, then resolve a synchronous field."""
        self._check(info)
        return next_(source, info, **arguments)

    async def resolve_async(
        self, next_: AsyncExtensionResolver, source: Any, info: strawberry.Info[Any, None], **arguments: Any
    ) -> Any:
        """Check the scope, then resolve an asynchronous field."""
        self._check(info)
        return await next_(source, info, **arguments)

    def _check(self, info: strawberry.Info[Any, None]) -> None:
        for scope in self.scopes:
            if scope not in info.context.principal.scopes:
                raise forbidden(scope)


class Writing(Protocol):
    """A payload, or one of its rows, with an object that the mutation may have written."""

    @property
    def wrote(self) -> bool:
        """Whether this call, or the earlier call with its idempotency key, wrote the object."""
        ...


class RequiresUnlessWritten(FieldExtension):
    """Show an object of a payload to credentials with a scope, and to others only if the mutation wrote it.

    Without this, a credential that may only write could read an object by an update that changes nothing. The object is
    null without an error: the mutation has been committed, and an error would look as if it had failed.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def resolve(
        self, next_: SyncExtensionResolver, source: Any, info: strawberry.Info[Any, None], **arguments: Any
    ) -> Any:
        """Return the object if the credential may see it, or None; raise nothing."""
        payload: Writing = source
        if payload.wrote or self.scope in info.context.principal.scopes:
            return next_(source, info, **arguments)
        return None


def scopes_of(field: GraphQLField) -> list[Scope]:
    """Return the scopes that a field of the schema declares."""
    return [
        scope for extension in extensions_of(field) if isinstance(extension, Requires) for scope in extension.scopes
    ]


def forbidden(
    scope: Scope,
    nodes: list[FieldNode] | None = None,
    path: list[str | int] | None = None,
    *,
    subject: str = "The field",
) -> GraphQLError:
    """Return the error for a credential without a scope. Execution adds nodes and path if they aren't given."""
    message = f"{subject} requires the scope {scope}, which the credential doesn't have."
    extensions = {"code": FieldCode.FORBIDDEN, "requiredScope": scope.value}
    return GraphQLError(message, nodes, path=path, extensions=extensions)


SHOWS_WRITTEN: list[FieldExtension] = [RequiresUnlessWritten(Scope.CUSTOMERS_READ)]
"""The extensions of a payload's object that the mutation may have written."""
SHOWS_WRITTEN_ENDPOINT: list[FieldExtension] = [RequiresUnlessWritten(Scope.WEBHOOKS_READ)]
"""The same for webhook endpoints."""
READS: list[FieldExtension] = [Requires(Scope.CUSTOMERS_READ)]
"""The extensions of every field that shows stored customer data, including values of other objects."""
READS_ACCOUNTS: list[FieldExtension] = [Requires(Scope.ACCOUNTS_READ)]
"""The extensions of every field that shows stored ledger accounts."""
READS_WEBHOOKS: list[FieldExtension] = [Requires(Scope.WEBHOOKS_READ)]
"""The extensions of every field that shows webhook endpoints."""
