"""Connecting as the URL says: TLS in every mode, several hosts, the kind of server, and passwords with any
character."""

import asyncio
import socket
import string
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.cli.startup import tls_of
from app.db.connecting import short_lived_engine
from app.db.connection_failures import explain_failure
from app.db.connection_files import check_files
from app.db.database import Database
from app.db.driver_errors import translate_failures
from app.db.dsn import Dsn, DsnError, Host, with_role
from app.db.dsn_parameters import SSL_MODES
from app.db.roles import make_login_role
from app.unavailable import DatabaseRefused, DatabaseUnavailable
from tests.support.certificates import Authority
from tests.support.commands import free_port, messages, run
from tests.support.databases import execute
from tests.support.tcp_servers import TcpServer, installed_server, plain_server, terminated_server

ODD = string.punctuation + " éß水\t"
# The driver sends a user's name as a part of a list of name=value.
ODD_USER = "who" + ODD.translate(str.maketrans("", "", ",="))


@pytest.fixture(scope="module")
def folder() -> Generator[Path]:
    with TemporaryDirectory(prefix="customer-gateway-") as name:
        # A server that runs as another user than root must be let in.
        Path(name).chmod(0o755)
        for folder in ("installed", "terminated", "plain", "read-only"):
            (Path(name) / folder).mkdir()
        yield Path(name)


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    return Authority.make(folder / "authority.crt")


@pytest.fixture(scope="module")
def other_authority(folder: Path) -> Authority:
    """An authority that signed nothing of the server's."""
    return Authority.make(folder / "other_authority.crt")


@pytest.fixture(scope="module")
def installed(folder: Path, authority: Authority) -> Generator[TcpServer]:
    """A server that does TLS itself."""
    with installed_server(folder / "installed", authority) as server:
        yield server


@pytest.fixture(scope="module")
def terminated(folder: Path, authority: Authority) -> Generator[TcpServer]:
    """A server behind a terminator of TLS."""
    with terminated_server(folder / "terminated", authority) as server:
        yield server


@pytest.fixture(scope="module", params=["terminated", "installed"])
def tls(request: pytest.FixtureRequest) -> TcpServer:
    """Each server with TLS and a certificate for `localhost`."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def plain(folder: Path) -> Generator[TcpServer]:
    """A server without TLS."""
    with plain_server(folder / "plain") as server:
        yield server


@pytest.fixture(scope="module")
def read_only(folder: Path) -> Generator[TcpServer]:
    """A server whose transactions are read-only unless they say otherwise."""
    with plain_server(folder / "read-only") as server:
        asyncio.run(execute(server.superuser_url, "ALTER ROLE anybody SET default_transaction_read_only = on"))
        yield server


@pytest_asyncio.fixture
async def silent() -> AsyncGenerator[int]:
    """A port where connections are taken and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


async def value(dsn: str, statement: str) -> Any:
    with translate_failures():
        async with short_lived_engine(dsn).connect() as connection:
            return (await connection.execute(text(statement))).scalar_one()


async def is_encrypted(dsn: str) -> bool:
    with translate_failures():
        async with short_lived_engine(dsn).connect() as connection:
            return await has_tls(connection)


async def has_tls(connection: AsyncConnection) -> bool:
    driver: Any = (await connection.get_raw_connection()).driver_connection
    return driver._transport.get_extra_info("ssl_object") is not None  # noqa: SLF001 - shown nowhere else


async def failure(dsn: str) -> str | None:
    with pytest.raises(DatabaseUnavailable) as caught:
        await is_encrypted(dsn)
    return explain_failure(caught.value.__cause__)


# TLS


@pytest.mark.parametrize(("mode", "encrypted"), list(zip(SSL_MODES, (False, False, *[True] * 4), strict=True)))
async def test_against_a_server_with_tls_each_mode_is_what_libpq_makes_of_it(
    tls: TcpServer, authority: Authority, mode: str, *, encrypted: bool
) -> None:
    assert await is_encrypted(tls.url(f"sslmode={mode}&sslrootcert={authority.file}")) is encrypted


async def test_the_start_tells_which_tls_the_database_connection_has(tls: TcpServer, plain: TcpServer) -> None:
    for server, versions in ((tls, {"TLSv1.2", "TLSv1.3"}), (plain, {None})):
        engine = short_lived_engine(server.url())
        assert await tls_of(engine) in versions
        await engine.dispose()


async def test_without_a_mode_tls_is_used_where_the_server_has_it(tls: TcpServer, plain: TcpServer) -> None:
    assert await is_encrypted(tls.url()) is True
    assert await is_encrypted(plain.url()) is False


@pytest.mark.parametrize("mode", SSL_MODES[:3])
async def test_a_server_without_tls_is_good_enough_for_the_weak_modes(plain: TcpServer, mode: str) -> None:
    assert await is_encrypted(plain.url(f"sslmode={mode}")) is False


@pytest.mark.parametrize("mode", SSL_MODES[3:])
async def test_a_server_without_tls_is_rejected_by_the_others(
    plain: TcpServer, authority: Authority, mode: str
) -> None:
    explained = await failure(plain.url(f"sslmode={mode}&sslrootcert={authority.file}"))

    assert explained is not None
    assert "refused TLS" in explained


@pytest.mark.parametrize(("mode", "refused"), list(zip(SSL_MODES, (*[False] * 3, *[True] * 3), strict=True)))
async def test_a_certificate_of_another_authority_is_rejected_where_it_is_checked(
    tls: TcpServer, other_authority: Authority, mode: str, *, refused: bool
) -> None:
    url = tls.url(f"sslmode={mode}&sslrootcert={other_authority.file}")
    if refused:
        assert "certificate of the database's server is not accepted" in (await failure(url) or "")
    else:
        await is_encrypted(url)


async def test_require_without_an_authority_checks_none(tls: TcpServer) -> None:
    assert await is_encrypted(tls.url("sslmode=require")) is True


@pytest.mark.parametrize(("mode", "refused"), [("require", False), ("verify-ca", False), ("verify-full", True)])
async def test_the_host_s_name_is_checked_by_verify_full_alone(
    tls: TcpServer, authority: Authority, mode: str, *, refused: bool
) -> None:
    url = tls.url(f"sslmode={mode}&sslrootcert={authority.file}", host="127.0.0.1")
    if refused:
        assert "is not accepted: IP address mismatch" in (await failure(url) or "")
    else:
        assert await is_encrypted(url) is True


async def test_the_machine_s_authorities_are_checked_in_full(
    tls: TcpServer, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "is not accepted" in (await failure(tls.url("sslrootcert=system")) or "")

    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    assert await is_encrypted(tls.url("sslrootcert=system")) is True
    assert "mismatch" in (await failure(tls.url("sslrootcert=system", host="127.0.0.1")) or "")


async def test_tls_may_begin_at_once(
    terminated: TcpServer, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    for query in ("sslmode=require", "sslrootcert=system"):
        url = terminated.url(f"{query}&sslnegotiation=direct", port=terminated.direct_port)
        assert await is_encrypted(url) is True


async def test_prefer_and_allow_use_the_other_way_where_the_server_demands_it(installed: TcpServer) -> None:
    assert await is_encrypted(installed.url("sslmode=allow", user="tls_only")) is True
    assert await is_encrypted(installed.url("sslmode=prefer", user="plain_only")) is False
    with pytest.raises(DatabaseRefused):
        await is_encrypted(installed.url("sslmode=disable", user="tls_only"))
    with pytest.raises(DatabaseRefused):
        await is_encrypted(installed.url("sslmode=require", user="plain_only"))


async def test_a_client_s_certificate_is_shown(installed: TcpServer, authority: Authority, folder: Path) -> None:
    certificate, key = authority.issue("certified", folder)
    files = f"sslcert={certificate}&sslkey={key}"

    assert await is_encrypted(installed.url(f"sslmode=require&{files}", user="certified")) is True
    assert await is_encrypted(installed.url(files, user="certified")) is True
    with pytest.raises(DatabaseRefused):
        await is_encrypted(installed.url("sslmode=require", user="certified"))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("sslmode=verify-full&sslrootcert={folder}/missing.crt", "sslrootcert can't be used"),
        ("sslmode=require&sslrootcert={folder}/odd", "holds no certificate in PEM format"),
        ("sslrootcert={folder}", "sslrootcert can't be used"),
        ("sslmode=verify-full", "sslmode=verify-full needs sslrootcert"),
        ("sslmode=verify-ca", "sslmode=verify-ca needs sslrootcert"),
        ("sslcert={folder}/missing.crt&sslkey={folder}/missing.key", "sslcert and sslkey can't be used"),
        ("sslcert={folder}/odd", "sslcert can't be used"),
        ("sslcert={folder}/authority.crt&sslkey={folder}/odd", "sslcert and sslkey can't be used"),
    ],
)
def test_a_file_that_can_not_be_used_is_named(
    folder: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch, query: str, words: str
) -> None:
    monkeypatch.setenv("HOME", str(folder))
    (folder / "odd").write_text(authority.file.name)

    with pytest.raises(DsnError, match=words):
        check_files(f"postgresql://u:hidden@h/db?{query.format(folder=folder)}")


@pytest.mark.parametrize("port", ["abc", "0", "65536", "5432,5433"])
def test_a_default_port_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("PGPORT", port)

    for dsn in (
        "postgresql://u@h/db",
        "postgresql:///db",
        "postgresql://u@h:1,i/db",
        "postgresql://u@h/db?sslmode=disable",
    ):
        with pytest.raises(DsnError, match="the variable PGPORT"):
            check_files(dsn)
    check_files("postgresql://u@h:5432/db")


@pytest.mark.parametrize(
    ("name", "value"), [("PGPORT", "abc"), ("PGSSLMINPROTOCOLVERSION", "9"), ("PGGSSLIB", "other")]
)
async def test_a_variable_of_libpq_that_the_driver_can_not_read_is_no_unexpected_failure(
    tls: TcpServer, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(DatabaseUnavailable) as caught:
        await is_encrypted(
            f"postgresql://anybody:correct@localhost{'' if name == 'PGPORT' else f':{tls.port}'}/postgres"
        )
    assert "PG* variables" in (explain_failure(caught.value.__cause__) or "")


def test_libpq_s_place_for_the_authority_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".postgresql").mkdir()
    (tmp_path / ".postgresql" / "root.crt").touch()

    check_files("postgresql://u@h/db?sslmode=verify-full")


# Hosts


async def test_a_host_that_is_dead_is_passed_over(tls: TcpServer, plain: TcpServer) -> None:
    for hosts in (f"localhost:{free_port()},localhost:{tls.port}", f"no-such-host.invalid,localhost:{tls.port}"):
        dsn = f"postgresql://anybody:correct@{hosts}/postgres?sslmode=require"
        assert await is_encrypted(dsn) is True
    # A server that can't do what sslmode asks for is passed over as well.
    hosts = f"localhost:{plain.port},localhost:{tls.port}"
    assert await is_encrypted(f"postgresql://anybody:correct@{hosts}/postgres?sslmode=require") is True


async def test_a_host_that_is_silent_has_only_its_own_share_of_time(tls: TcpServer, silent: int) -> None:
    query = f"host=127.0.0.1,localhost&port={silent},{tls.port}&connect_timeout=1"

    assert await is_encrypted(f"postgresql://anybody:correct@/postgres?{query}") is True


async def test_a_silent_host_is_distinguished_from_one_that_takes_no_connection(silent: int) -> None:
    query = f"host=127.0.0.1,127.0.0.1&port={silent},{free_port()}&connect_timeout=1"
    with pytest.raises(DatabaseUnavailable) as unavailable:
        await is_encrypted(f"postgresql://anybody:correct@/postgres?{query}")
    first, second = str(unavailable.value.__cause__).split("; ")
    assert first.startswith(
        f"127.0.0.1:{silent}: connected, but the login didn't complete in time: a pooler without a free connection"
    )
    assert second.endswith("the connection was refused")


async def test_a_password_that_is_rejected_is_not_tried_elsewhere(tls: TcpServer, plain: TcpServer) -> None:
    with pytest.raises(DatabaseRefused):
        await is_encrypted(f"postgresql://anybody:wrong@localhost:{plain.port},localhost:{tls.port}/postgres")


async def test_when_no_host_answers_the_database_is_unavailable() -> None:
    assert await failure(f"postgresql://u@localhost:{free_port()},localhost:{free_port()}/postgres") is None


@pytest.mark.parametrize(
    ("wanted", "first_is_skipped"),
    [("any", False), ("read-write", True), ("read-only", False), ("primary", False), ("prefer-standby", False)],
)
async def test_the_first_host_of_the_wanted_kind_is_used(
    read_only: TcpServer, plain: TcpServer, wanted: str, *, first_is_skipped: bool
) -> None:
    hosts = f"localhost:{read_only.port},localhost:{plain.port}"
    dsn = f"postgresql://anybody:correct@{hosts}/postgres?target_session_attrs={wanted}"

    port = await value(dsn, "SELECT inet_server_port()")

    assert port == (plain.port if first_is_skipped else read_only.port)


async def test_a_kind_that_no_host_is_of_is_named(read_only: TcpServer) -> None:
    assert "target_session_attrs" in (await failure(read_only.url("target_session_attrs=read-write")) or "")
    assert "target_session_attrs" in (await failure(read_only.url("target_session_attrs=standby")) or "")


async def test_an_address_of_ipv6_is_connected_to(plain: TcpServer) -> None:
    try:
        with socket.create_connection(("::1", plain.port), timeout=5):
            pass
    except OSError:
        pytest.skip("this machine has no IPv6")
    assert await is_encrypted(plain.url(host="[::1]")) is False


async def test_a_unix_socket_is_a_host_in_either_notation(plain: TcpServer) -> None:
    encoded = str(plain.socket_folder).replace("/", "%2F")

    assert await is_encrypted(f"postgresql://postgres@/postgres?host={plain.socket_folder}&port={plain.port}") is False
    assert await is_encrypted(f"postgresql://postgres@{encoded}:{plain.port}/postgres?sslmode=require") is False


# What else the URL says


async def test_a_user_and_a_password_may_hold_any_character(plain: TcpServer) -> None:
    dsn = with_role(plain.url(), ODD_USER, ODD)
    await execute(plain.superuser_url, "CREATE ROLE customer_gateway_service")
    await make_login_role(plain.superuser_url, ODD_USER, ODD)

    assert await value(dsn, "SELECT session_user") == ODD_USER
    with pytest.raises(DatabaseRefused):
        await is_encrypted(with_role(plain.url(), ODD_USER, ODD + "x"))


@pytest.mark.parametrize(
    ("query", "setting", "shown"),
    [
        ("", "application_name", "customer-gateway"),
        ("application_name=billing%20one", "application_name", "billing one"),
        ("options=-c%20work_mem%3D5MB", "work_mem", "5MB"),
        ("options=-cwork_mem%3D6MB%20-c%20geqo%3Doff", "geqo", "off"),
        ("channel_binding=prefer&gssencmode=disable", "application_name", "customer-gateway"),
    ],
)
async def test_the_session_is_set_as_the_url_says(plain: TcpServer, query: str, setting: str, shown: str) -> None:
    assert await value(plain.url(query), f"SHOW {setting}") == shown


async def test_the_service_s_own_pool_connects_alike(tls: TcpServer, authority: Authority) -> None:
    dead = Host("localhost", free_port())
    query = {"sslmode": "verify-full", "sslrootcert": str(authority.file), "application_name": "x"}
    url = Dsn("postgres", (dead, Host("localhost", tls.port)), "anybody", "correct", query).render()
    database = Database(url, pool_size=1, pool_timeout_seconds=5, statement_timeout_seconds=7)
    async with database.engine.connect() as connection:
        shown = [
            (await connection.execute(text(f"SHOW {name}"))).scalar_one()
            for name in ("application_name", "statement_timeout", "jit")
        ]
        encrypted = await has_tls(connection)
    await database.dispose()

    assert shown == ["x", "7s", "off"]
    assert encrypted is True


# The commands


def test_every_command_connects_as_the_url_says(tls: TcpServer, authority: Authority) -> None:
    asyncio.run(execute(tls.superuser_url, "ALTER ROLE tls_only SUPERUSER"))
    query = f"sslmode=verify-full&sslrootcert={authority.file}&target_session_attrs=read-write"
    hosts = f"localhost:{free_port()},localhost:{tls.port}"
    owner = f"postgresql://tls_only:correct@{hosts}/postgres?{query}"
    service = with_role(owner, "serves", ODD)
    urls = {"OWNER_DATABASE_URL": owner, "DATABASE_URL": service}

    migrated = run("migrate", **urls)
    assert (migrated.returncode, messages(migrated)) == (0, "")
    assert 'Created the role "serves"' in migrated.stdout
    assert run("seed", "--companies", "1", "--customers", "2", **urls).returncode == 0
    company = run("company", "list", **urls).stdout.partition(" ")[0]
    assert run("api-key", "list", "--company", company, **urls).returncode == 0
    refused = run("import", "missing.csv", "--company", company, **urls)
    assert messages(refused) == "Error: missing.csv can't be used: No such file or directory.\n"


def test_a_command_says_that_the_certificate_is_not_accepted(tls: TcpServer, other_authority: Authority) -> None:
    result = run("migrate", DATABASE_URL=tls.url(f"sslmode=verify-full&sslrootcert={other_authority.file}"))

    assert result.returncode == 3
    assert messages(result).startswith("Error: The certificate of the database's server is not accepted: ")


def test_a_command_says_why_the_server_lets_nobody_in(installed: TcpServer) -> None:
    result = run("migrate", DATABASE_URL=installed.url("sslmode=require", user="plain_only"))
    assert result.returncode == 2
    assert messages(result).startswith("Error: The database rejected the role or its password: ")
    assert 'The server says: pg_hba.conf rejects connection for host "' in result.stderr


def test_a_command_names_what_is_wrong_with_the_url_and_hides_the_password(tmp_path: Path) -> None:
    query = f"sslmode=verify-full&sslrootcert={tmp_path}/ca.pem"
    result = run("serve", DATABASE_URL=f"postgresql://u:hidden@h/db?{query}")
    assert result.returncode == 2
    assert f"DATABASE_URL: sslrootcert can't be used: {tmp_path}/ca.pem: No such file or directory" in result.stderr

    result = run("serve", DATABASE_URL="postgresql://u:hidden@h/db?sslmode=on&channel_binding=require")
    assert result.returncode == 2
    assert "sslmode must be one of" in result.stderr
    assert "channel_binding=require is not possible" in result.stderr
    assert "hidden" not in result.stderr
