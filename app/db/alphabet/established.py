"""The alphabet of a database: read it, create its function, and rebuild its indexes for another version of ICU."""

import re
from typing import Any

from sqlalchemy import Connection, text

from app.db.alphabet.function import WITH_ICU, without_icu
from app.db.alphabet.weights import SUPPORTED

_LANGUAGE = re.compile(rf"({'|'.join(SUPPORTED)})(-[a-z]{{2}})?", re.IGNORECASE)
# The column with the locale of an ICU collation has different names in versions of PostgreSQL.
_COLLATION = text(
    """
    SELECT collprovider = 'i' AS has_icu, CASE collprovider WHEN 'i' THEN coalesce(to_jsonb(pg_collation) ->>
    'colllocale', to_jsonb(pg_collation) ->> 'colliculocale') ELSE obj_description(oid, 'pg_collation') END AS locale,
    collversion <> pg_collation_actual_version(oid) AS is_outdated FROM pg_collation WHERE oid =
    to_regcollation('alphabet')
    """
)
_INDEXES = text(
    "SELECT indexrelid::regclass::text FROM pg_index WHERE to_regcollation('alphabet') = ANY (indcollation::oid[])"
)
# Collations that fold case without ICU, best first: of PostgreSQL 18, 17, and earlier.
_FOLDINGS = ("pg_unicode_fast", "pg_c_utf8", "C")
_HAS_COLLATION = text(
    "SELECT EXISTS (SELECT FROM pg_collation WHERE collname = :name AND collnamespace = 'pg_catalog'::regnamespace)"
)


def locale_of(connection: Connection) -> str | None:
    """Return the locale by which the database's names sort, or None before the first migration."""
    found = connection.execute(_COLLATION).one_or_none()
    return None if found is None else found.locale


def make_function(connection: Connection, locale: str) -> None:
    """Create the function `alphabet_key`. Raise ValueError for a locale that the server doesn't support."""
    if connection.execute(_COLLATION).one().has_icu:
        run_script(connection, WITH_ICU)
        return
    known = _LANGUAGE.fullmatch(locale)
    if known is None:
        msg = (
            f"This PostgreSQL was built without ICU, so names can't sort by the alphabet {locale}: choose one of"
            f" {', '.join(SUPPORTED)}, or a PostgreSQL with ICU."
        )
        raise ValueError(msg)
    folding = next(name for name in _FOLDINGS if connection.execute(_HAS_COLLATION, {"name": name}).scalar_one())
    run_script(connection, without_icu(known[1].lower(), folding))
    run_script(connection, f"COMMENT ON COLLATION alphabet IS '{locale}'")


def follow_icu(connection: Connection) -> bool:
    """Rebuild the indexes of names if ICU's version has changed since they were built; return whether it did."""
    found = connection.execute(_COLLATION).one_or_none()
    if found is None or not found.is_outdated:
        return False
    for index in connection.execute(_INDEXES).scalars().all():
        run_script(connection, f"REINDEX INDEX {index}")
    run_script(connection, "ALTER COLLATION alphabet REFRESH VERSION")
    return True


def run_script(connection: Connection, script: str) -> None:
    """Run SQL with any number of statements. SQLAlchemy prepares statements, which allows only one at a time."""
    adapted: Any = connection.connection.dbapi_connection
    adapted.run_async(lambda driver: driver.execute(script))  # pyright: ignore[reportUnknownLambdaType, reportUnknownMemberType] - the driver is not typed
