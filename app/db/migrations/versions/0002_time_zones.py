"""Check companies' time zones against those of the server."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# A trigger instead of a CHECK: the server's time zones change with updates, but a check must be immutable and would
# reject a dump with a zone that was removed since. Existing companies aren't checked, so this migration never fails on
# them; `company update` corrects them.
#
# The server accepts more than IANA names: any case, and texts such as Mars/Base1, which POSIX reads as an offset of one
# hour. The former are detected by the canonical name that the server returns, the latter by their digits. Only names
# with digits (Etc/GMT+5) are looked up in pg_timezone_names, because that view reads hundreds of files in about 50 ms.
_IS_TIME_ZONE = """
CREATE FUNCTION is_time_zone(zone text) RETURNS boolean
LANGUAGE plpgsql STABLE SET timezone = 'UTC' SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF zone ~ '[0-9]' THEN
        RETURN EXISTS (SELECT FROM pg_timezone_names WHERE name = zone);
    END IF;
    -- Local to the transaction, and undone at the end of the function, because the function sets it as well.
    RETURN zone ~ '^[A-Za-z]' AND set_config('TimeZone', zone, true) = zone;
EXCEPTION
    WHEN invalid_parameter_value THEN RETURN false;
END
$$
"""
_CHECK = """
CREATE FUNCTION check_company_time_zone() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT is_time_zone(NEW.time_zone) THEN
        RAISE EXCEPTION 'time zone "%" is not known to the server', NEW.time_zone
            USING ERRCODE = 'check_violation', CONSTRAINT = 'companies_time_zone_check', TABLE = 'companies';
    END IF;
    RETURN NEW;
END
$$
"""
_TRIGGER = """
CREATE TRIGGER check_time_zone BEFORE INSERT OR UPDATE OF time_zone ON companies
FOR EACH ROW EXECUTE FUNCTION check_company_time_zone()
"""


def upgrade() -> None:
    """Create the trigger."""
    for statement in (_IS_TIME_ZONE, _CHECK, _TRIGGER):
        op.execute(statement)


def downgrade() -> None:
    """Raise NotImplementedError, as the first revision."""
    msg = "restore a backup instead"
    raise NotImplementedError(msg)
