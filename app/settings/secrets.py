"""Secrets, which are set by a variable or by a file that another variable names."""

from pathlib import Path

from app.db.dsn import DsnError, parse, with_password

SECRETS = ("database_url", "owner_database_url", "database_password", "owner_database_password")
_PASSWORDS = {"database_password": "database_url", "owner_database_password": "owner_database_url"}


def resolve_secrets(given: dict[str, str], problems: dict[str, list[str]]) -> None:
    """Read secrets from their files, and insert passwords into their URLs. Problems are added by field."""
    for name in SECRETS:
        path = given.get(f"{name}_file")
        if path is not None:
            _read(name, path, given, problems)
    for password, url in _PASSWORDS.items():
        if password in given and password not in problems and url not in problems:
            _join(password, url, given, problems)


def _read(name: str, path: str, given: dict[str, str], problems: dict[str, list[str]]) -> None:
    if name in given:
        problems[name] = [f"is set, and {name.upper()}_FILE is set, too: remove one of them"]
        return
    if not path.isprintable():
        problems[f"{name}_file"] = ["contains a character that can't be printed: rename the file"]
        problems[name] = []
        return
    try:
        # Editors and `echo` may add a byte order mark or a final line break, which are not part of the secret.
        content = Path(path).read_text(encoding="utf-8-sig").rstrip("\r\n")
    except OSError as error:
        problem = f"{path} can't be read: {error.strerror}"
    except ValueError:
        problem = f"{path} is not UTF-8"
    else:
        given[name] = content
        if content and "\0" not in content:
            return
        problem = f"{path} contains a NUL character" if content else f"{path} is empty"
    given.pop(name, None)
    problems[f"{name}_file"] = [problem]
    # An empty list suppresses the message that the secret is missing.
    problems[name] = []


def _join(password: str, url: str, given: dict[str, str], problems: dict[str, list[str]]) -> None:
    if url not in given:
        problems[password] = [f"needs {url.upper()}, the connection URL without a password"]
        return
    try:
        has_password = parse(given[url]).password is not None
    except DsnError:
        return  # The URL's own problems are named where it is checked.
    if has_password:
        problems[password] = [f"is set, but {url.upper()} already contains a password: remove one of them"]
        return
    try:
        given[url] = with_password(given[url], given[password])
    except UnicodeError:
        problems[password] = ["is not UTF-8"]
