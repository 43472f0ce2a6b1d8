"""Checks before measuring: all servers return the same data, and in production they reject unauthorized requests."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from bench.arrangement import LARGE_COMPANY, small_companies
from bench.asking import Asker
from bench.documents import Values
from bench.failures import BenchError
from bench.tokens import Issuer

Cursors = Mapping[str, list[str]]
"""The cursors of each server by its name."""

_UNAUTHORIZED = 401
_WRITTEN = 5


def verify(askers: Sequence[Asker], queries: Iterable[str], values: Values, cursors: Cursors) -> int:
    """Compare all servers' answers with the first one's, and return their number. Raise BenchError at a difference."""
    first, *others = askers
    compared = 0
    for query in queries:
        expected = [first.answer(query, variables) for variables in _checked(first, query, values, cursors)]
        for asker in others:
            for variables, wanted in zip(_checked(asker, query, values, cursors), expected, strict=True):
                found = asker.answer(query, variables)
                difference = _difference(wanted, found, ("data",))
                if difference is not None:
                    names = f"{first.running.server.name} and {asker.running.server.name}"
                    msg = f"{names} differ in {query} with {dict(variables)} at {difference}"
                    raise BenchError(msg)
                compared += 1
    return compared


def verify_writes(askers: Sequence[Asker], values: Values) -> int:
    """Update customers through all servers in turn, and return the number of compared answers.

    Raise BenchError if an answer differs in more than the version, which each update must advance by one.
    """
    compared = 0
    for customer_id in values.ids[:_WRITTEN]:
        expected: dict[str, Any] | None = None
        for asker in askers:
            name = asker.running.server.name
            variables = {"id": customer_id, "notes": f"From {name}", "key": f"{name} {customer_id}"}
            wanted = expected and {**expected, "version": expected["version"] + 1, "notes": variables["notes"]}
            found = _updated(asker, variables)
            difference = wanted and _difference(wanted, found, ("customer",))
            # This service must return the stored answer for the same key, and must not write again.
            if asker.running.server.is_ours:
                difference = difference or _difference(found, _updated(asker, variables), ("repeated customer",))
            if difference is not None or found["notes"] != variables["notes"]:
                msg = f"{name} answered an update unexpectedly: {difference or found['notes']}"
                raise BenchError(msg)
            expected = found
            compared += 1
    return compared


def _updated(asker: Asker, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the customer of an update's answer."""
    payload = asker.answer("M1", variables)["updateCustomer"]
    if payload["errors"] or payload["customer"] is None:
        msg = f"{asker.running.server.name} rejected an update: {payload['errors']}"
        raise BenchError(msg)
    return payload["customer"]


def verify_isolation(askers: Sequence[Asker], issuer: Issuer, values: Values) -> None:
    """Raise BenchError if a server in production accepts an invalid token, or returns another company's customers."""
    variables = {"id": values.ids[0]}
    for asker in askers:
        if asker.running.token is None:
            continue
        name, document = asker.running.server.name, asker.documents["Q1"]
        for problem, token in {"no token": "", **issuer.invalid(LARGE_COMPANY)}.items():
            status = asker.ask(document, variables, token).status
            if status != _UNAUTHORIZED:
                msg = f"{name} answers {status} to a request with {problem}; it must be {_UNAUTHORIZED}"
                raise BenchError(msg)
        if asker.ask(document, variables, issuer.without_scope(LARGE_COMPANY)).data is not None:
            msg = f"{name} shows a customer to a token without the scope"
            raise BenchError(msg)
        foreign = asker.data(document, variables, issuer.token(small_companies()[0]))
        if foreign != {"customer": None}:
            msg = f"{name} shows a customer to another company: {foreign}"
            raise BenchError(msg)


def _checked(asker: Asker, query: str, values: Values, cursors: Cursors) -> list[Mapping[str, Any]]:
    return values.checked(query, cursors[asker.running.server.name])


def _difference(wanted: Any, found: Any, path: tuple[object, ...]) -> str | None:
    """Return the path and the values at which two answers differ first; None if they don't."""
    keys = _keys(wanted)
    if keys is not None and keys == _keys(found) and type(wanted) is type(found):
        deeper = (_difference(wanted[key], found[key], (*path, key)) for key in keys)
        return next((difference for difference in deeper if difference is not None), None)
    # In Python, True == 1.
    if keys is None and wanted == found and isinstance(wanted, bool) == isinstance(found, bool):
        return None
    place = ".".join(str(part) for part in path)
    return f"{place}: {_shown(wanted)} and {_shown(found)}"


def _keys(value: Any) -> list[Any] | None:
    """Return the keys of an object or the indexes of a list; None for a plain value."""
    if isinstance(value, dict):
        return sorted(cast("dict[str, Any]", value))
    if isinstance(value, list):
        return list(range(len(cast("list[Any]", value))))
    return None


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:300]
