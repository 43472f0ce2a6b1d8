"""What the OpenAPI document says about errors: one schema for all of them, and a response for each status."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple, TypeAlias

from app.rest.answers import One, Written
from app.rest.endpoints import Endpoint

Json: TypeAlias = dict[str, Any]

_ERROR = "#/components/schemas/Error"
_TEXTS = {"type": "array", "items": {"type": "string"}}
_IDS = {"type": "array", "items": {"type": "string", "format": "uuid"}}


class Response(NamedTuple):
    """The answer to a request that fails."""

    description: str
    headers: tuple[str, ...] = ()


RESPONSES: Mapping[int, Response] = {
    400: Response(
        "The request is invalid: `details.validationErrors` lists all problems of its parameters, headers and body"
        " together (SHARED_VALIDATION_FAILED). Or its body can't be read (BAD_REQUEST): it is empty, no JSON in UTF-8, or"
        " JSON with a byte order mark, a repeated key, a number that is too large, a lone surrogate, or too many levels."
    ),
    401: Response("There is no credential, or it is not accepted; `code` says why.", ("WWW-Authenticate",)),
    403: Response("The credential lacks scopes, which `details.missingScopes` lists; or its company doesn't exist."),
    404: Response("The company has no such object."),
    406: Response("`Accept` doesn't allow JSON."),
    408: Response("The headers or the body took too long to arrive. The connection is closed."),
    409: Response("The request conflicts with what is stored, such as a key that another object has."),
    412: Response(
        "The object isn't as `If-Match` requires; a list never is, because it has no `ETag`. If the request is a change,"
        " nothing is written."
    ),
    413: Response("The body is too large."),
    414: Response("The URL is too long."),
    415: Response("The body isn't `application/json` in UTF-8."),
    422: Response(
        "A rule rejects the change, and nothing is written. If several do, `details.problems` lists all of them."
    ),
    431: Response("There are too many headers, or they are too long. The connection is closed."),
    500: Response("The service failed. `details.requestId` is the id to report."),
    503: Response(
        "The service or its database is unavailable: try again after the seconds in `Retry-After`. OUTCOME_UNKNOWN: it"
        " is not known whether the change is stored; repeat it with the same `Idempotency-Key`, or read first.",
        ("Retry-After",),
    ),
    504: Response("The request took too long and was stopped. If the request is a change, nothing is written."),
}
"""By status."""
_ANY = (400, 401, 403, 406, 408, 414, 431, 500, 503, 504)
_WITH_OBJECT = (404,)
_WITH_BODY = (404, 409, 413, 415, 422)
_WITH_CONDITION = (412,)


def statuses_of(endpoint: Endpoint) -> Iterable[int]:
    """Return the statuses of the errors of an endpoint, in order."""
    found = {*_ANY}
    if "{" in endpoint.path:
        found.update(_WITH_OBJECT)
    if endpoint.body is not None:
        found.update(_WITH_BODY)
    if not _creates(endpoint):
        found.update(_WITH_CONDITION)
    return sorted(found)


def takes_condition(endpoint: Endpoint) -> bool:
    """Return whether the endpoint changes an object, and can require its version."""
    return isinstance(endpoint.shown, Written) and not _creates(endpoint)


def _creates(endpoint: Endpoint) -> bool:
    return isinstance(endpoint.shown, Written) and endpoint.shown.location is not None


def can_be_unchanged(endpoint: Endpoint) -> bool:
    """Return whether the endpoint answers 304 to a client that has the object's version already."""
    return isinstance(endpoint.shown, One)


def name_of(status: int) -> str:
    """Return the name of a status as the name of a response: `NotFound`."""
    return "".join(part.capitalize() for part in HTTPStatus(status).name.split("_"))


def error_responses(examples: Mapping[int, Mapping[str, Json]]) -> Json:
    """Return the responses by name, with their examples by status."""
    return {
        name_of(status): {
            "description": response.description,
            "headers": {
                header: {"$ref": f"#/components/headers/{header}"} for header in ("x-request-id", *response.headers)
            },
            "content": {"application/json": {"schema": {"$ref": _ERROR}} | _shown(examples.get(status))},
        }
        for status, response in RESPONSES.items()
    }


def _shown(examples: Mapping[str, Json] | None) -> Json:
    return {"examples": dict(examples)} if examples else {}


def error_schemas() -> Json:
    """Return the schemas of errors by name."""
    return {"Error": _error(), "ErrorDetails": _details(), "Problem": _problem(), "ValidationError": _validation()}


def _error() -> Json:
    properties = {
        "statusCode": {"type": "integer", "description": "The status of the response."},
        "timestamp": {"type": "string", "format": "date-time", "description": "When the request failed, in UTC."},
        "path": {"type": "string", "description": "The path that was requested, up to 1,000 characters of it."},
        "message": {"type": "string", "description": "What is wrong, for people."},
        "code": {
            "type": "string",
            "description": "What is wrong, for programs: a code such as CUSTOMER_NOT_FOUND. Expect unknown ones.",
        },
        "details": {"$ref": "#/components/schemas/ErrorDetails", "description": "More about the error."},
    }
    description = "Why a request failed."
    return {"type": "object", "description": description, "properties": properties, "required": [*properties]}


_DATA: Json = {
    "customerIds": {**_IDS, "description": "The customers that the problem is about."},
    "subscriptionIds": {**_IDS, "description": "The subscriptions that the problem is about."},
    "key": {"type": "string", "description": "The key of the metadata entry that the problem is about."},
    "limit": {"type": "integer", "description": "The limit that is exceeded."},
    "actual": {"type": "integer", "description": "What was sent instead of at most `limit`."},
    "expectedVersion": {"type": "integer", "description": "The version that `If-Match` requires."},
    "actualVersion": {"type": "integer", "description": "The version that the object has."},
    "changedFields": {**_TEXTS, "description": "The properties that have changed since the expected version."},
}
"""What problems say to programs, depending on their codes."""


def _details() -> Json:
    properties = {
        "validationErrors": {
            "type": "array",
            "items": {"$ref": "#/components/schemas/ValidationError"},
            "description": "The problems of a request, by property.",
        },
        "problems": {
            "type": "array",
            "items": {"$ref": "#/components/schemas/Problem"},
            "description": "All reasons for a rejection, if there are several.",
        },
        "requiredScopes": {**_TEXTS, "description": "The scopes that the endpoint needs."},
        "missingScopes": {**_TEXTS, "description": "Those of them that the credential lacks."},
        "requestId": {"type": "string", "description": "The id of the request in the service's log."},
        **_DATA,
    }
    description = "More about an error, depending on its code; empty if there is nothing more."
    return {"type": "object", "description": description, "properties": properties}


def _problem() -> Json:
    properties = {
        "code": {"type": "string", "description": "What is wrong, for programs."},
        "property": {"type": "string", "description": "The parameter, header or property of the body."},
        "message": {"type": "string", "description": "What is wrong, for people."},
    }
    description = "One reason why a request was rejected."
    made = {"type": "object", "description": description, "properties": {**properties, **_DATA}}
    return {**made, "required": [*properties]}


def _validation() -> Json:
    properties = {
        "property": {
            "type": "string",
            "description": "The parameter, header or property of the body, such as `metadata.key`; empty for the whole"
            " body.",
        },
        "constraints": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "A message for each code, such as FIELD_INVALID.",
        },
    }
    description = "The problems of one property."
    return {"type": "object", "description": description, "properties": properties, "required": [*properties]}
