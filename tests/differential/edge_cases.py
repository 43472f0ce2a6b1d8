"""Edge cases of values: text that needs escaping, numbers in unusual spellings, JSON in JSON."""

from datetime import UTC, date, datetime
from decimal import Decimal

CONTROLS = "".join(map(chr, range(0x01, 0x20)))

TEXTS = (
    'He said "no" \\ and left',
    "'; DROP TABLE customers; -- ''",
    "%s %% %(name)s %1$s",
    "{} {0} {name!r}",
    "$1 :name ::text \\u0041 \\n \\",
    CONTROLS,
    "\x7f\x80\x85\x9f\xa0\xad",
    "line\u2028paragraph\u2029end",
    "🙂 👩\u200d👩\u200d👧 \U0010ffff \ufeff \ufffd \uffff",
    "e\u0301 n\u0303 a\u030a \u0345 é ñ å",
    "\u200f\u202eRTL\u202c עברית العربية \u2066\u2069",
    '{"a": [1, null, "b"]}',
    "null",
    "true",
    "0",
    '"quoted"',
    "</script><!-- & --> &amp;",
    "tab\there\rand\nthere\b\f/",
    "ß ẞ İ \u0131 ǅ ﬃ Σ ς",
    "  spaces around  ",
    '"\\' * 127,
    "🙂" * 255,
)
"""Each of 1 to 255 characters, as most columns hold them."""

NUMBERS = ("1", "007", "7", "07", "10", "9", "12345678901234567890123456789", "A-2", "a", "Å", "🙂", '"', "\\", "%_")
"""Numbers of customers and groups; they are compared in their natural order, and some are equal in it."""

NAMES = ("Ann", "ann", "ANN", "Ann", "Åse", "åse", "A\u030ase", "ann ", "Bo", "Z", "z", "ß", "ss", "SS")
"""Names that are equal, or equal ignoring case, or look alike."""

METADATA = (
    "{}",
    '{"a": 1.10, "b": 1e3, "c": 12345678901234567890, "d": -0.0, "e": 0.1, "f": true, "g": false, "h": ""}',
    '{"i": 1e-7, "j": 123456789.123456789123, "k": 1E+2, "l": 0, "m": 1e22, "n": 1.0, "o": 5e-324, "p": 1e16}',
    '{"q": 1e308, "r": -1.5e300, "s": 1e-400, "t": 0.30000000000000004, "u": 100000000000000000000000.50, "v": 1e320}',
    '{"quote\\"key": "v", "back\\\\slash": "\\\\", "per%cent": "%s", "$1": "{}", "\\u0001": "\\u001f", "key": "null"}',
    '{"' + "å" * 128 + '": "' + "é🙂" * 250 + '", "🙂": "\\u2028", "b": 2, "aa": 1, "B": 3, "Å": 4}',
    "{" + ", ".join(f'"key {place}": {place}.{place:02}' for place in range(50)) + "}",
)
"""Metadata as JSON text, so that the spelling of numbers is the database's choice."""

AMOUNTS = tuple(
    map(Decimal, ("300", "300.00", "0.1", "0.10", "0", "0.000", "1E+3", "0.0000001", "99999999999999999999.999"))
)
"""Amounts without bounds, of many scales."""

HISTORY = (
    "{}",
    '{"name": {"before": null, "after": "New \\"name\\" \\\\ \\u0001\\u2028🙂"}, "isActive": {"before": true, "after": false}}',
    '{"metadata": {"before": {"b": 1.10, "a": [1e3, null, {"x": -0.0}]}, "after": {"a": {"y": [], "x": {}}}}}',
    '{"Zeta": {"before": 1, "after": 2}, "alpha": {"before": 0.1, "after": 0.10}, "Å": {"before": "", "after": " "}}',
    '{"b": {"before": {}, "after": []}, "\\uffff": {"before": 12345678901234567890, "after": 1e22}, "🙂": {"before": 1, "after": 2}}',
    '{"creditLimit": {"before": "1.00", "after": null}, "billingDay": {"before": 1, "after": 28}}',
)
"""What changed, as JSON text: values of every kind, names that sort differently by code point, by UTF-16 and by
alphabet."""

MOMENTS = (
    datetime(2026, 1, 31, 12, 0, 0, 0, UTC),
    datetime(2026, 1, 31, 12, 0, 0, 1, UTC),
    datetime(2026, 1, 31, 12, 0, 0, 100_000, UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC),
    datetime(1000, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_998, UTC),
)
DAYS = (date(2026, 1, 1), date(2024, 2, 29), date(1000, 1, 1), date(1900, 2, 28), date(9999, 12, 30))

TIMES = (
    *(moment.isoformat() for moment in MOMENTS),
    "2026-01-31T13:00:00.1+01:00",
    "0001-01-01T00:00:00z",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-12:00",
    "2026-01-31T12:00:00",
    "",
)
"""Times as an operation gives them; the last three are not valid."""

ODD_MOMENTS = ("0999-12-31 23:59:59.5+00", "0001-01-01 00:00:00+00", "9999-12-31 23:59:59.999999+00", "infinity")
"""Moments that Python can hold, though it writes the years before 1000 with fewer digits."""

IMPOSSIBLE_MOMENTS = ("0044-03-15 12:00:00+00 BC", "10000-01-01 00:00:00+00", "-infinity")
"""Moments that PostgreSQL can hold and Python can't."""

ODD_DAYS = ("0999-12-31", "0001-01-01", "9999-12-31")
IMPOSSIBLE_DAYS = ("0044-03-15 BC", "10000-01-01", "5874897-12-31")

STATUSES = (
    "SCHEDULED",
    "TRIAL",
    "AWAITING_PAYMENT",
    "ACTIVE",
    "PENDING_CANCELLATION",
    "PAUSED",
    "CANCELLED",
    "EXPIRED",
)
