"""Checks of local files and variables that a connection URL depends on: certificates, keys and PGPORT."""

import os
import ssl
from collections.abc import Mapping
from pathlib import Path

from app.db.dsn import Dsn, DsnError, is_port, parse
from app.db.dsn_parameters import SYSTEM_CERTIFICATES, VERIFYING


def check_files(dsn: str) -> None:
    """Raise DsnError for unusable certificates and keys, and for an invalid PGPORT that would be used."""
    parsed = parse(dsn)
    problems = _problems_of_default_port(parsed)
    if parsed.parameters.get("sslmode") != "disable":
        problems += _problems_of_files(parsed.parameters)
    if problems:
        raise DsnError(problems)


def load_client_certificate(context: ssl.SSLContext, parameters: Mapping[str, str]) -> None:
    """Load the client's certificate and key. Raise OSError."""
    # Without this password OpenSSL would prompt for one at the terminal.
    context.load_cert_chain(parameters["sslcert"], keyfile=parameters.get("sslkey"), password=lambda: "")


def _problems_of_default_port(dsn: Dsn) -> list[str]:
    """Return the problems of PGPORT, which the driver reads if the URL has no port."""
    port = os.environ.get("PGPORT", "")
    if not port or is_port(port) or (dsn.hosts and all(host.port for host in dsn.hosts)):
        return []
    return ["has no port, and the variable PGPORT is not a number from 1 to 65535: write the port into the URL"]


def _problems_of_files(parameters: Mapping[str, str]) -> list[str]:
    problems: list[str] = []
    if not _can_look_into_home():
        problems.append(
            "the driver looks for certificates in ~/.postgresql, which this user may not read: "
            "set HOME to a folder that it may read"
        )
    root = parameters.get("sslrootcert")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if root not in {None, SYSTEM_CERTIFICATES}:
        try:
            context.load_verify_locations(cafile=root)
        except OSError as error:
            problems.append(f"sslrootcert can't be used: {_reason(root, error, 'holds no certificate in PEM format')}")
    elif root is None and parameters.get("sslmode") in VERIFYING and not _has_default_root():
        problems.append(
            f"sslmode={parameters['sslmode']} needs sslrootcert: the path of the CA's certificate, or "
            "sslrootcert=system for the authorities that the machine trusts"
        )
    if "sslcert" in parameters:
        try:
            load_client_certificate(context, parameters)
        except OSError as error:
            names = " and ".join(name for name in ("sslcert", "sslkey") if name in parameters)
            files = " and ".join(parameters[name] for name in ("sslcert", "sslkey") if name in parameters)
            reason = _reason(files, error, "hold no certificate with its unencrypted key in PEM format")
            problems.append(f"{names} can't be used: {reason}")
    return problems


def _can_look_into_home() -> bool:
    try:
        (Path.home() / ".postgresql" / "postgresql.crt").stat()
    except PermissionError:
        return False
    except (RuntimeError, OSError):
        pass
    return True


def _has_default_root() -> bool:
    """Return whether a CA certificate exists in the default location of libpq."""
    try:
        return bool(os.environ.get("PGSSLROOTCERT")) or (Path.home() / ".postgresql" / "root.crt").exists()
    except (RuntimeError, OSError):
        return False


def _reason(files: str | None, error: OSError, otherwise: str) -> str:
    # OpenSSL's messages don't name the file.
    shown = files if files and files.isprintable() else repr(files)
    return f"{shown}: {otherwise if isinstance(error, ssl.SSLError) else error.strerror}"
