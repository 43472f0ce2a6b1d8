"""What a REST request says: its path, its query and its headers as variables of the endpoint's document."""

from collections.abc import Mapping
from typing import Any

from app.rest.endpoints import Endpoint
from app.rest.parameters import variables_of
from app.web.http_errors import FailureCode, HttpError


def variables_for(
    endpoint: Endpoint,
    values: Mapping[str, str],
    _headers: Mapping[str, str],
    body: bytes | bytearray,
    limit: int,
) -> dict[str, Any]:
    """Return the variables of a request. `body`: of a GET, the query string. Raise Invalid with all problems."""
    if len(body) > limit:
        msg = f"The URL's query is longer than {limit:,} bytes."
        raise HttpError(414, FailureCode.PAYLOAD_TOO_LARGE, msg)
    return variables_of(endpoint.parameters, values, bytes(body))
