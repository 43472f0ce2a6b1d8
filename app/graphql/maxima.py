"""Maximum lengths of the lists in arguments, which the engine checks before it converts a list."""

from collections.abc import Mapping
from typing import NamedTuple, cast

from graphql import GraphQLInputObjectType, GraphQLObjectType, GraphQLSchema

from app.db.search import MAX_WORDS
from app.domain.billing import MOST_ACKNOWLEDGED
from app.domain.events import MOST_TYPES
from app.domain.metadata import MAX_ENTRIES, MAX_FILTER_PAIRS, MAX_UNSET_KEYS
from app.domain.subscriptions import SubscriptionStatus
from app.domain.texts import words_of
from app.domain.upserts import MOST_UPSERT_ROWS
from app.domain.webhooks import MOST_ENDPOINTS
from app.graphql.arguments import MOST_CHARACTERS, MOST_IDS
from app.graphql.codes import FieldCode
from app.graphql.conditions import MAX_CONDITIONS, MAX_SORTS
from app.graphql.context import MAX_REPRESENTATIONS
from app.graphql.feed import MOST_CUSTOMERS
from app.graphql.planning.references import MAX_NODE_IDS


class Maximum(NamedTuple):
    """Maximum number of items of a list, or entries of a map."""

    most: int
    is_read: bool = False
    """Whether a longer list is rejected by its reader, together with all other problems of the input."""
    code: str = FieldCode.BAD_USER_INPUT
    most_read: int | None = None
    """Maximum number of items before conversion, which takes 0.2 s for 10,000 rows."""


_CONDITIONS = Maximum(MAX_CONDITIONS)
_IDS = Maximum(MOST_IDS)
_SORTS = Maximum(MAX_SORTS)
_PAIRS = Maximum(MAX_FILTER_PAIRS, code=FieldCode.METADATA_FILTER_LIMIT_EXCEEDED)
_WRITTEN = Maximum(MOST_UPSERT_ROWS, is_read=True, most_read=2 * MOST_UPSERT_ROWS)
_UNSET = Maximum(MAX_UNSET_KEYS, is_read=True)
_ACKNOWLEDGED = Maximum(MOST_ACKNOWLEDGED, is_read=True)
_TYPES = Maximum(MOST_TYPES, is_read=True)

MAXIMA: Mapping[str, Maximum] = {
    "Query.customers(orderBy:)": _SORTS,
    "Customer.children(orderBy:)": _SORTS,
    "CustomerGroup.customers(orderBy:)": _SORTS,
    "Query.changes(types:)": Maximum(MOST_TYPES),
    "Query.changes(customerIds:)": Maximum(MOST_CUSTOMERS),
    "Subscription.changes(types:)": Maximum(MOST_TYPES),
    "Subscription.changes(customerIds:)": Maximum(MOST_CUSTOMERS),
    "Query.nodes(ids:)": Maximum(MAX_NODE_IDS),
    # The setting MAX_REPRESENTATIONS may say otherwise, which the resolver knows.
    "Query._entities(representations:)": Maximum(MAX_REPRESENTATIONS, is_read=True),
    "Customer.subscriptions(status:)": Maximum(len(SubscriptionStatus)),
    "Customer.subscriptionsConnection(status:)": Maximum(len(SubscriptionStatus)),
    "CustomerFilter.and": _CONDITIONS,
    "CustomerFilter.or": _CONDITIONS,
    "CustomerFilter.ids": _IDS,
    "CustomerFilter.customerNumbers": _IDS,
    "CustomerFilter.externalSystemIds": _IDS,
    "CustomerFilter.metadata": _PAIRS,
    "CustomerGroupFilter.ids": _IDS,
    "CustomerGroupFilter.metadata": _PAIRS,
    "LedgerAccountFilter.ids": _IDS,
    "UpdateCustomerInput.metadataUnset": _UNSET,
    "UpdateCustomerInput.subscriptionTransitions": _ACKNOWLEDGED,
    "UpdateCustomerGroupInput.metadataUnset": _UNSET,
    "UpsertCustomersInput.rows": _WRITTEN,
    "UpsertCustomerRow.metadataUnset": _UNSET,
    "UpsertCustomerGroupRow.metadataUnset": _UNSET,
    "UpsertCustomerRow.subscriptionTransitions": _ACKNOWLEDGED,
    "UpsertLedgerAccountsInput.rows": _WRITTEN,
    "UpsertSubscriptionsInput.rows": _WRITTEN,
    "UpsertContactsInput.rows": _WRITTEN,
    "UpsertDepartmentsInput.rows": _WRITTEN,
    "UpsertCustomerGroupsInput.rows": _WRITTEN,
    "CreateWebhookEndpointInput.types": _TYPES,
    "UpdateWebhookEndpointInput.types": _TYPES,
}
"""Maxima by argument, or by field of an input."""
ROWS: Mapping[str, int] = {"Query.webhookEndpoints": MOST_ENDPOINTS}
"""Maximum numbers of rows of lists without arguments."""
MAPS: Mapping[str, Maximum] = {"Metadata": Maximum(MAX_ENTRIES, is_read=True)}
"""Maxima of scalars whose values are maps."""


def set_maxima(schema: GraphQLSchema) -> None:
    """Set the maxima of a schema's lists, as extensions that the engine reads."""
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLInputObjectType):
            for field, taken in kind.fields.items():
                _set(taken.extensions, MAXIMA.get(f"{name}.{field}"))
        elif isinstance(kind, GraphQLObjectType):
            for field, shown in kind.fields.items():
                if (most := ROWS.get(f"{name}.{field}")) is not None:
                    shown.extensions["most_rows"] = most
                for argument, taken in shown.args.items():
                    _set(taken.extensions, MAXIMA.get(f"{name}.{field}({argument}:)"))
        else:
            _set(kind.extensions, MAPS.get(name))
    schema.type_map["CustomerFilter"].extensions["max_fields"] = MAX_CONDITIONS
    for name, field, count in (
        ("CustomerFilter", "search", _words),
        ("CustomerFilter", "metadata", _pairs),
        ("CustomerGroupFilter", "metadata", _pairs),
    ):
        kind = schema.type_map.get(name)
        if isinstance(kind, GraphQLInputObjectType):
            kind.fields[field].extensions["conditions"] = count


def _words(search: object) -> int:
    """Return how many conditions a search is: one for each word."""
    words = words_of(search[:MOST_CHARACTERS]) if isinstance(search, str) else ()
    return min(max(1, len(words)), MAX_WORDS)


def _pairs(metadata: object) -> int:
    """Return how many conditions a metadata filter is: one for each pair."""
    return max(1, len(cast("list[object]", metadata))) if isinstance(metadata, list) else 1


def _set(extensions: dict[str, object], maximum: Maximum | None) -> None:
    if maximum is not None:
        extensions["max_items"] = maximum
