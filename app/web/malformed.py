"""Rejections of requests that are not valid GraphQL over HTTP."""

from app.domain.decimals import WrittenFloat
from app.web.http_errors import FailureCode, HttpError

_KINDS: dict[type, str] = {
    bool: "a boolean",
    int: "a number",
    float: "a number",
    WrittenFloat: "a number",
    str: "a string",
    list: "a list",
    dict: "an object",
}


def bad(message: str, headers: tuple[tuple[str, str], ...] = ()) -> HttpError:
    """Return the rejection of an invalid request, with status 400."""
    return HttpError(400, FailureCode.BAD_REQUEST, message, headers)


def kind_of(value: object) -> str:
    """Return the kind of a JSON value for use in messages, such as "a number"."""
    return _KINDS.get(type(value), "null")
