"""The credential of a WebSocket: in the handshake's headers, or in the payload of `connection_init`."""

from collections.abc import Mapping

from app.web.credential_errors import CredentialCode
from app.web.http_errors import HttpError
from app.web.transport_ws import CloseCode, Closed

_NAMES = ("authorization", "x-api-key")
_REJECTIONS = frozenset(map(str, CredentialCode))


def credential_of(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that are a credential."""
    return {name: headers[name] for name in _NAMES if name in headers}


def with_payload(credential: Mapping[str, str], payload: Mapping[str, object]) -> dict[str, str]:
    """Return the credential of a handshake's headers together with that of a payload, whose names have any case.

    Raise Closed if they contradict each other. Whether there is exactly one is checked where it is verified.
    """
    joined = dict(credential)
    for field, value in payload.items():
        name = field.lower()
        if name not in _NAMES or value is None:
            continue
        if not isinstance(value, str) or joined.setdefault(name, value) != value:
            reason = (
                f"{CredentialCode.CREDENTIALS_MALFORMED}: Send one credential: either `Authorization` or `x-api-key`."
            )
            raise Closed(CloseCode.FORBIDDEN, reason)
    return joined


def is_rejection(code: str) -> bool:
    """Return whether a code says that a credential is rejected."""
    return code in _REJECTIONS


def closed_by(error: HttpError) -> Closed:
    """Return how a connection is closed because of an error."""
    match error.status:
        case 401:
            code = CloseCode.FORBIDDEN
        case 503:
            code = CloseCode.TRY_AGAIN
        case _:
            code = CloseCode.FAILED
    # The message of a failure is longer than a reason may be, and its end is the id.
    failed = error.request_id is not None
    message = f"The service failed. Report the request id {error.request_id}." if failed else error.message
    return Closed(code, f"{error.code}: {message}")
