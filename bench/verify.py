"""Before anything is timed: all servers give identical data, and those on duty turn strangers away."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from bench.arrangement import LARGE_COMPANY, SMALL_COMPANIES
from bench.asking import Asker
from bench.documents import Values
from bench.failures import BenchError
from bench.tokens import Issuer

Cursors = Mapping[str, list[str]]
"""The cursors of each server, by its name."""

_UNAUTHORIZED = 401


def verify(askers: Sequence[Asker], queries: Iterable[str], values: Values, cursors: Cursors) -> int:
    """Compare all servers' answers with the first one's; how many answers were compared. Raises BenchError at a difference."""
    first, *others = askers
    compared = 0
    for query in queries:
        expected = [first.answer(query, each) for each in _checked(first, query, values, cursors)]
        for asker in others:
            variables = _checked(asker, query, values, cursors)
            for each, wanted in zip(variables, expected, strict=True):
                found = asker.answer(query, each)
                difference = _difference(wanted, found, ("data",))
                if difference is not None:
                    names = f"{first.running.server.name} and {asker.running.server.name}"
                    msg = f"{names} differ in {query} with {dict(each)} at {difference}"
                    raise BenchError(msg)
                compared += 1
    return compared


def verify_walls(askers: Sequence[Asker], issuer: Issuer, values: Values) -> None:
    """Servers in production refuse bad tokens, and show no company the customers of another. Raises BenchError else."""
    variables = {"id": values.ids[0]}
    for asker in askers:
        if asker.running.token is None:
            continue
        name, document = asker.running.server.name, asker.documents["Q1"]
        for problem, token in {"no token": "", **issuer.refused(LARGE_COMPANY)}.items():
            status = asker.ask(document, variables, token).status
            if status != _UNAUTHORIZED:
                msg = f"{name} answers {status} to a request with {problem}; it must be {_UNAUTHORIZED}"
                raise BenchError(msg)
        if asker.ask(document, variables, issuer.without_scope(LARGE_COMPANY)).data is not None:
            msg = f"{name} shows a customer to a token without the scope"
            raise BenchError(msg)
        foreign = asker.data(document, variables, issuer.token(SMALL_COMPANIES[0]))
        if foreign != {"customer": None}:
            msg = f"{name} shows a customer to another company: {foreign}"
            raise BenchError(msg)


def _checked(asker: Asker, query: str, values: Values, cursors: Cursors) -> list[Mapping[str, Any]]:
    return values.checked(query, cursors[asker.running.server.name])


def _difference(wanted: Any, found: Any, path: tuple[object, ...]) -> str | None:
    """Where two answers differ first, and what stands there."""
    keys = _keys(wanted)
    if keys is not None and keys == _keys(found) and type(wanted) is type(found):
        deeper = (_difference(wanted[key], found[key], (*path, key)) for key in keys)
        return next((each for each in deeper if each is not None), None)
    # To Python, true is 1.
    if keys is None and wanted == found and isinstance(wanted, bool) == isinstance(found, bool):
        return None
    place = ".".join(str(part) for part in path)
    return f"{place}: {_shown(wanted)} and {_shown(found)}"


def _keys(value: Any) -> list[Any] | None:
    """What an object or a list is entered by; None for a plain value."""
    if isinstance(value, dict):
        return sorted(cast("dict[str, Any]", value))
    if isinstance(value, list):
        return list(range(len(cast("list[Any]", value))))
    return None


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:300]
