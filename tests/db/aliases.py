"""Reading the SQL of statements: how it names its tables."""

import re

from app.db.tables import metadata

_TABLES = "|".join(metadata.tables)


def assert_only_aliases(sql: str) -> None:
    """No table is read or referred to but by an alias."""
    outside_texts = re.sub(r"'[^']*'", "''", sql)
    assert re.findall(rf"\b(?:{_TABLES})\.", outside_texts) == []
    assert re.findall(rf"\b(?:{_TABLES})\b(?! AS )", outside_texts) == []
