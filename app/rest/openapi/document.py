"""The OpenAPI document: made from the table of endpoints, their documents, the GraphQL types and recorded examples."""

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeAlias

from app import __version__
from app.graphql.schema import executable, schema
from app.rest.endpoints import ENDPOINTS
from app.rest.openapi.errors import error_responses, error_schemas
from app.rest.openapi.examples import examples_of
from app.rest.openapi.layout import laid_out
from app.rest.openapi.operations import KEY, TOKEN, Operation
from app.rest.openapi.types import Types
from app.rest.spelling import REST

Json: TypeAlias = dict[str, Any]

_INTRODUCTION = """\
The customers of a company, and what belongs to them. Each endpoint runs one document of the GraphQL \
schema, with the same rules and the same credentials; `x-graphql-document` is its id at `/graphql`.

**Credentials.** Send `Authorization: Bearer <token>` or `x-api-key: <key>`. The credential determines the company, \
and its scopes determine what the caller may do.

**Values.** Unset values are null. Amounts are numbers with all of their decimals; requests may send them as strings, \
too. Values of enumerations are read in either case. Ids are UUIDs, times are in UTC.

**Writing.** A property that is left out stays as it is, and null clears it. Unknown properties are rejected. An \
`Idempotency-Key` makes a request safe to repeat, and `If-Match` makes a change conditional on the version that `ETag` \
has shown.

**Lists.** Without `limit`, a list is a plain array of all objects. With it, the array is one page, and `Link` leads to \
the next one.

**Errors** have the form of `Error`. All problems of a request are reported together. A method that a path doesn't have \
is answered with 405, and `Allow` lists those that it has."""
_HEADERS: Mapping[str, str] = {
    "x-request-id": "The id of the request in the service's log.",
    "ETag": 'The version of the object, and a digest of the body if it is the object: `"<version>-<digest>"`.',
    "Location": "Where the new object is, relative to the URL of the request.",
    "Link": 'Where the next page is, relative to the URL of the request, as `<?…>; rel="next"`, if there is one.',
    "WWW-Authenticate": "How to authenticate.",
    "Retry-After": "The number of seconds after which to try again.",
}


@cache
def text() -> str:
    """Return the text of openapi.json."""
    return laid_out(document()) + "\n"


def document() -> Json:
    """Return the document."""
    types = Types(executable(schema), REST)
    paths: dict[str, Json] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = Operation(endpoint, types).described()
    schemas = {**types.made, **error_schemas()}
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "customer-gateway",
            "version": __version__,
            "license": {"name": "MIT", "identifier": "MIT"},
            "description": _INTRODUCTION,
        },
        "security": [{TOKEN: []}, {KEY: []}],
        "tags": [{"name": "Customers", "description": "Customers, and what belongs to them."}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "responses": error_responses(_error_examples()),
            "headers": {
                name: {"description": description, "schema": {"type": "string"}}
                for name, description in sorted(_HEADERS.items())
            },
            "securitySchemes": {
                KEY: {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "A key of this service."},
                TOKEN: {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "A token of the company's identity provider. Its scopes are in the claim `scope`.",
                },
            },
        },
    }


def _error_examples() -> Mapping[int, Mapping[str, Json]]:
    found: dict[int, dict[str, Json]] = {}
    for endpoint in ENDPOINTS:
        for example in examples_of(endpoint.document):
            if example.is_error:
                shown = {"summary": example.summary, "value": example.answer}
                found.setdefault(example.status, {}).setdefault(example.name, shown)
    return found
