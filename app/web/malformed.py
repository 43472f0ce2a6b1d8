"""What is said of a request that is none of GraphQL over HTTP."""

from app.domain.decimals import WrittenFloat
from app.web.failures import FailureCode, Refusal

_KINDS: dict[type, str] = {
    bool: "a boolean",
    int: "a number",
    float: "a number",
    WrittenFloat: "a number",
    str: "a string",
    list: "a list",
    dict: "an object",
}


def bad(message: str, headers: tuple[tuple[str, str], ...] = ()) -> Refusal:
    """The refusal of a request that isn't one."""
    return Refusal(400, FailureCode.BAD_REQUEST, message, headers)


def kind_of(value: object) -> str:
    """What a value of JSON is, as a message says it."""
    return _KINDS.get(type(value), "null")
