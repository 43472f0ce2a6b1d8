"""Numbers for new customers that come without one."""

from app.domain.errors import ErrorCode, Fault

_MOST_DIGITS = 50


def is_counted(number: object) -> bool:
    """Whether a number is one that others may follow: all digits."""
    return isinstance(number, str) and number.isascii() and number.isdigit()


def written_out(number: int) -> str | Fault:
    """A number that was counted, or the fault that it has become too long."""
    digits = str(number)
    if len(digits) <= _MOST_DIGITS:
        return digits
    message = f"must be given: the highest number can't be followed by one of at most {_MOST_DIGITS} digits."
    return Fault(ErrorCode.FIELD_REQUIRED, ("input", "customerNumber"), message)
