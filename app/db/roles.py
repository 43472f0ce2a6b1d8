"""Database roles: create the service's login role, and reject roles that row-level security doesn't restrict."""

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.db.connecting import short_lived_engine
from app.db.database import SERVICE_ROLE
from app.db.driver_errors import message_of, translate_failures
from app.db.dsn import parse

_EXISTS = text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :name)")
# CREATE ROLE takes no parameters, so the server's format() quotes the name and password.
_CREATE = text("SELECT format('CREATE ROLE %I LOGIN PASSWORD %L', CAST(:name AS text), CAST(:password AS text))")
_SET_PASSWORD = text("SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', CAST(:name AS text), CAST(:password AS text))")
_JOIN = text("SELECT format('GRANT %I TO %I', CAST(:service_role AS text), CAST(:name AS text))")
_IS_MEMBER = text(
    "SELECT EXISTS (SELECT FROM pg_auth_members WHERE roleid = (SELECT oid FROM pg_roles WHERE rolname = :service_role)"
    " AND member = (SELECT oid FROM pg_roles WHERE rolname = :name))"
)
# The current role, then those that can grant the service's role.
_GRANTORS = text(
    """
    (SELECT quote_ident(current_user)) UNION ALL (SELECT DISTINCT quote_ident(pg_get_userbyid(member)) FROM
    pg_auth_members WHERE roleid = (SELECT oid FROM pg_roles WHERE rolname = :service_role) AND admin_option ORDER BY 1)
    """
)
_INSUFFICIENT_PRIVILEGE = "42501"
_IS_BOUND = text("SELECT current_user AS name, row_security_active(CAST(:table AS text)) AS is_bound")
_POWERS = text(
    """
    SELECT current_user AS name, quote_ident(current_user) AS quoted, rolsuper, rolbypassrls, EXISTS (SELECT FROM
    pg_class WHERE relkind IN ('r', 'p') AND relrowsecurity AND relnamespace = CAST(current_schema() AS regnamespace)
    AND pg_has_role(current_user, relowner, 'USAGE')) AS owns_tables, COALESCE(pg_has_role(current_user, (SELECT oid
    FROM pg_roles WHERE rolname = :service_role), 'USAGE'), true) AS is_member, (SELECT pg_get_userbyid(relowner) FROM
    pg_class WHERE relname = 'companies' AND relrowsecurity AND relnamespace = COALESCE(CAST(current_schema() AS
    regnamespace), relnamespace) LIMIT 1) AS owner FROM pg_roles WHERE rolname = current_user
    """
)


class RoleError(Exception):
    """The service must not run as this role. The message says why and how to create a suitable one."""


async def make_login_role(owner_dsn: str, name: str, password: str | None, *, reset_password: bool = False) -> bool:
    """Create a login role unless it exists, and grant it the service's role; return whether it was created."""
    engine = short_lived_engine(owner_dsn)
    with translate_failures():
        async with engine.begin() as connection:
            return await connection.run_sync(_make_login_role, name, password, reset_password)


def _make_login_role(connection: Connection, name: str, password: str | None, reset_password: bool) -> bool:  # noqa: FBT001 - run_sync passes by position
    exists = bool(connection.execute(_EXISTS, {"name": name}).scalar_one())
    names = {"name": name, "password": password}
    if not exists or reset_password:
        write = connection.execute(_SET_PASSWORD if exists else _CREATE, names).scalar_one()
        try:
            connection.exec_driver_sql(write)
        except DBAPIError as error:
            # The error's text contains the statement and so the password.
            reason = message_of(error)
            msg = f'The server refuses the role "{name}" or its password: {reason}. Choose another in DATABASE_URL.'
            raise RoleError(msg) from None
    _join(connection, name)
    return not exists


def _join(connection: Connection, name: str) -> None:
    """Grant a login role the service's role, unless it has it; raise RoleError if the owner can't."""
    names = {"name": name, "service_role": SERVICE_ROLE}
    if connection.execute(_IS_MEMBER, names).scalar_one():
        return
    grant = connection.execute(_JOIN, names).scalar_one()
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(grant)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _INSUFFICIENT_PRIVILEGE:
            raise
        owner, *granting = connection.execute(_GRANTORS, names).scalars()
        msg = (
            f"The role {owner} can't grant {SERVICE_ROLE}: all databases of a server share that role, and it was"
            f" created for another one. As {' or '.join([*granting, 'a superuser'])}, run `GRANT {SERVICE_ROLE} TO"
            f" {owner} WITH ADMIN OPTION`, then run this command again."
        )
        raise RoleError(msg) from None


async def require_owner(connection: AsyncConnection, table: str) -> None:
    """Raise RoleError if row-level security applies to the role, so that the table would look empty."""
    role = (await connection.execute(_IS_BOUND, {"table": table})).one()
    if role.is_bound:
        msg = (
            f'Row-level security hides what this command needs from the role "{role.name}": '
            "set OWNER_DATABASE_URL to the role that owns the tables."
        )
        raise RoleError(msg)


async def check_role(engine: AsyncEngine) -> None:
    """Raise RoleError unless row-level security applies to the engine's role and it has the service's grants.

    In a database without tables, which was never migrated, the grants are not checked.
    """
    with translate_failures():
        async with engine.connect() as connection:
            role = (await connection.execute(_POWERS, {"service_role": SERVICE_ROLE})).one()
    split = (
        "Set OWNER_DATABASE_URL to this role and DATABASE_URL to another, then run `customer-gateway migrate`: it makes"
        " the other role."
    )
    lift = f"As a superuser, run `ALTER ROLE {role.quoted} NOBYPASSRLS`, or set DATABASE_URL to another role."
    join = (
        f'As the role "{role.owner}", which owns the tables, run `GRANT {SERVICE_ROLE} TO {role.quoted}`. Or run'
        f' `customer-gateway migrate` with OWNER_DATABASE_URL set to "{role.owner}", which does the same.'
    )
    may_own = role.owner is None or role.owns_tables
    problems = (
        (role.rolsuper, "is a superuser", split),
        (role.rolbypassrls, "bypasses row-level security", split if may_own else lift),
        (role.owns_tables, "owns the tables, and so is above their policies", split),
        (role.owner is not None and not role.is_member, f"is no member of {SERVICE_ROLE}", join),
    )
    for applies, problem, advice in problems:
        if applies:
            msg = f'The role "{role.name}" {problem}. {advice}'
            raise RoleError(msg)


def same_role(dsn: str, other: str) -> bool:
    """Return whether both URLs name the same login role."""
    return parse(dsn).user == parse(other).user
