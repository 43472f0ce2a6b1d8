"""The alphabet of a database: which one it is, making its function, and following the server's ICU."""

import re
from typing import Any

from sqlalchemy import Connection, text

from app.db.alphabet.function import WITH_ICU, without_icu
from app.db.alphabet.weights import SUPPORTED

_LANGUAGE = re.compile(rf"({'|'.join(SUPPORTED)})(-[a-z]{{2}})?", re.IGNORECASE)
# The name of the column that says the locale of a collation of ICU depends on the version of PostgreSQL.
_COLLATION = text(
    """
    SELECT collprovider = 'i' AS has_icu,
           CASE collprovider
               WHEN 'i' THEN coalesce(to_jsonb(pg_collation) ->> 'colllocale', to_jsonb(pg_collation) ->> 'colliculocale')
               ELSE obj_description(oid, 'pg_collation')
           END AS locale,
           collversion <> pg_collation_actual_version(oid) AS is_outdated
    FROM pg_collation WHERE oid = to_regcollation('alphabet')
    """
)
_INDEXES = text(
    "SELECT indexrelid::regclass::text FROM pg_index WHERE to_regcollation('alphabet') = ANY (indcollation::oid[])"
)
# What folds case on a server without ICU, the best first: PostgreSQL 18, 17, and before.
_FOLDINGS = ("pg_unicode_fast", "pg_c_utf8", "C")
_HAS_COLLATION = text(
    "SELECT EXISTS (SELECT FROM pg_collation WHERE collname = :name AND collnamespace = 'pg_catalog'::regnamespace)"
)


def locale_of(connection: Connection) -> str | None:
    """Return the locale that the database's names sort by, or None while that isn't decided."""
    found = connection.execute(_COLLATION).one_or_none()
    return None if found is None else found.locale


def make_function(connection: Connection, locale: str) -> None:
    """Make the function `alphabet_key`; raises ValueError for a locale that the server can't sort by."""
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
    """Rebuild the indexes of names if the server's ICU has another version than the one they were built with."""
    found = connection.execute(_COLLATION).one_or_none()
    if found is None or not found.is_outdated:
        return False
    for index in connection.execute(_INDEXES).scalars().all():
        run_script(connection, f"REINDEX INDEX {index}")
    run_script(connection, "ALTER COLLATION alphabet REFRESH VERSION")
    return True


def run_script(connection: Connection, script: str) -> None:
    """Run SQL as it is, of any number of statements: the driver would prepare what SQLAlchemy executes, one statement."""
    adapted: Any = connection.connection.dbapi_connection
    adapted.run_async(lambda driver: driver.execute(script))  # pyright: ignore[reportUnknownLambdaType, reportUnknownMemberType] - the driver is not typed
