"""Connection URLs of PostgreSQL: parsed as by libpq, validated, and changed to other roles and databases."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from urllib.parse import quote, unquote, unquote_to_bytes

from app.db.dsn_parameters import check_parameters

_SHAPE = "must look like postgresql://user:password@host:5432/database"
_ENCODING = "write special characters of the user and password percent-encoded: @ as %40, / as %2F, % as %25"
_SCHEME = re.compile(r"postgres(?:ql)?(?:\+[a-z0-9_]+)?", re.IGNORECASE)
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_AUTHORITY_HOST = re.compile(r"(?:\[(?P<address>[0-9A-Za-z:.%]+)\]|(?P<name>[^:\[\]]*))(?::(?P<port>.*))?", re.DOTALL)
_MOST_PORT = 65_535
# Parameters that have their own fields in Dsn.
_PLACE = ("host", "port", "user", "password", "dbname")


class DsnError(ValueError):
    """The URL is invalid. Each problem is one line that names a parameter and never shows a password."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Host(NamedTuple):
    """One server: a host name or address, or the folder of a Unix socket."""

    name: str
    port: int | None = None

    @property
    def is_socket(self) -> bool:
        """Whether the name is the folder of a Unix socket."""
        return self.name.startswith("/")


@dataclass(frozen=True, slots=True)
class Dsn:
    """A checked connection URL."""

    database: str
    hosts: tuple[Host, ...] = ()
    """Hosts in the order in which they are tried; empty for the default sockets, then localhost."""
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    """Other parameters of libpq, such as sslmode."""

    def render(self) -> str:
        """Return the URL, with the password."""
        query = {name: quote(value, safe="/") for name, value in self.parameters.items()}
        authority = ""
        if any(host.is_socket for host in self.hosts):
            query["host"] = ",".join(quote(host.name, safe="/:") for host in self.hosts)
            if any(host.port is not None for host in self.hosts):
                query["port"] = ",".join(str(host.port or "") for host in self.hosts)
        else:
            authority = ",".join(_written(host) for host in self.hosts)
        if self.user is not None:
            password = "" if self.password is None else f":{quote(self.password, safe='')}"
            authority = f"{quote(self.user, safe='')}{password}@{authority}"
        elif self.password is not None:
            query["password"] = quote(self.password, safe="")
        written = "&".join(f"{name}={value}" for name, value in query.items())
        return f"postgresql://{authority}/{quote(self.database, safe='')}{'?' if written else ''}{written}"


def parse(text: str) -> Dsn:
    """Return the URL's parts. Raise DsnError with all problems."""
    scheme, separator, rest = text.strip().partition("://")
    if not separator or not _SCHEME.fullmatch(scheme):
        quoted = text.strip()[:1] in {'"', "'"}
        raise DsnError([f"{_SHAPE}; remove the quotation marks around it" if quoted else _SHAPE])
    authority, path, query = _split(rest)
    problems: list[str] = []
    given = _parameters(query, problems)
    userinfo, has_user, hosts_text = authority.rpartition("@")
    user, _, password = userinfo.partition(":")
    place = _place(given, problems, user=user, password=password, database=path)
    hosts = _hosts(hosts_text, given, problems)
    if set(place["user"] or "") & set(",="):
        problems.append("user must not contain a comma or an equals sign: the driver (asyncpg) can't log in with one")
    if not problems and place["dbname"] is None:
        problems.append(f"{_SHAPE}; the database's name is missing")
    if problems and not has_user and "@" in path + query:
        # Most likely a password that isn't percent-encoded. Other problems might show parts of it.
        problems = [f"{_SHAPE}; {_ENCODING}"]
    elif not has_user and "@" in path:
        problems = [f"{_SHAPE}; {_ENCODING}"]
    if problems:
        raise DsnError(problems)
    others = {name: value for name, value in given.items() if name not in _PLACE}
    return Dsn(place["dbname"] or "", hosts, place["user"], place["password"], others)


def with_role(dsn: str, user: str | None, password: str | None = None) -> str:
    """Return the URL for another role."""
    return replace(parse(dsn), user=user, password=password).render()


def with_password(dsn: str, password: str) -> str:
    """Return the URL with this password. Raise DsnError if it already has one."""
    parsed = parse(dsn)
    if parsed.password is not None:
        raise DsnError(["already holds a password"])
    return replace(parsed, password=password).render()


def _split(rest: str) -> tuple[str, str, str]:
    """Return the authority, the path without its slash, and the query."""
    end = re.search(r"[/?]", rest)
    authority, rest = (rest, "") if end is None else (rest[: end.start()], rest[end.start() :])
    path, _, query = rest.partition("?")
    return authority, path.removeprefix("/"), query


def _parameters(query: str, problems: list[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for written in query.split("&") if query else ():
        name, has_value, value = written.partition("=")
        name = unquote(name)
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]{0,62}", name) or not has_value:
            problems.append(f"every parameter after ? must look like name=value; {_ENCODING}")
        elif name in given:
            problems.append(f"{name} is given twice: give it once (several hosts are one list, host=a,b)")
        else:
            given[name] = _decoded(value, name, problems) or ""
    check_parameters({name: value for name, value in given.items() if name not in _PLACE}, problems)
    return given


def _place(
    given: Mapping[str, str], problems: list[str], *, user: str, password: str, database: str
) -> dict[str, str | None]:
    """Return user, password and dbname. As in libpq, query parameters take precedence."""
    written = {"user": user, "password": password, "dbname": database}
    return {
        name: (given[name] if name in given else _decoded(value, name, problems)) or None
        for name, value in written.items()
    }


def _decoded(text: str, name: str, problems: list[str]) -> str | None:
    """Return the decoded text. If it can't be decoded, add a problem and return None."""
    decoded: str | None = None
    if not _BROKEN_ESCAPE.search(text):
        try:
            decoded = unquote_to_bytes(text).decode()
        except UnicodeError:
            decoded = None
    if decoded is None or "\0" in decoded:
        problems.append(f"{name} is not percent-encoded UTF-8; {_ENCODING}")
        return None
    return decoded


def _hosts(authority: str, given: Mapping[str, str], problems: list[str]) -> tuple[Host, ...]:
    hosts: list[Host] = []
    if "host" in given:
        hosts = [Host(name) for name in given["host"].split(",")] if given["host"] else []
    else:
        hosts = [_authority_host(host, problems) for host in authority.split(",")] if authority else []
    if len(hosts) > 1 and any(not host.name for host in hosts):
        problems.append("host has an empty name in its list")
    hosts = [host for host in hosts if host.name]
    if not all(host.is_socket or is_host_name(host.name) for host in hosts):
        problems.append("host must be a host name, an address or the folder of a Unix socket")
    ports = given.get("port", "").split(",") if given.get("port") else []
    if ports and len(ports) not in {1, len(hosts)}:
        problems.append("port must be one number, or as many as there are hosts: host=a,b&port=5432,5433")
    elif ports:
        numbers = [_port(port, problems) for port in ports]
        numbers = numbers * len(hosts) if len(numbers) == 1 else numbers
        hosts = [host._replace(port=number or host.port) for host, number in zip(hosts, numbers, strict=True)]
    return tuple(hosts)


def _authority_host(text: str, problems: list[str]) -> Host:
    match = _AUTHORITY_HOST.fullmatch(text)
    if match is None:
        problems.append(f"{_SHAPE}; an IPv6 address stands in brackets: [::1]:5432")
        return Host("")
    name = _decoded(match["address"] or match["name"] or "", "host", problems)
    return Host(name or "", _port(match["port"] or "", problems))


def _port(text: str, problems: list[str]) -> int | None:
    if not text:
        return None
    if not is_port(text):
        problems.append(f"port must be a number from 1 to {_MOST_PORT}; {_ENCODING}")
        return None
    return int(text)


def is_port(text: str) -> bool:
    """Return whether a text is a port number."""
    return bool(re.fullmatch(r"[0-9]{1,5}", text)) and 0 < int(text) <= _MOST_PORT


def is_host_name(name: str) -> bool:
    """Return whether a text can be a host name or address."""
    if re.search(r"[\s/@]", name):
        return False
    try:
        # The resolver uses this encoding, so it can't look up other names.
        name.encode("idna")
    except UnicodeError:
        return False
    return True


def _written(host: Host) -> str:
    name = f"[{host.name}]" if ":" in host.name else quote(host.name, safe="")
    return name if host.port is None else f"{name}:{host.port}"
