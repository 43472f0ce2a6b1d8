"""Digests of computed transitions. They are equal if the same is booked, and tell which subscriptions differ if not."""

from base64 import b64decode, urlsafe_b64encode
from uuid import UUID

from app.domain.encodings import digest
from app.domain.errors import Difference
from app.domain.transition import Transition

_VERSION = b"\x02"
"""First byte of a digest. Raise it when the hashed content changes (tests/contract/test_stored_encodings.py)."""
_HEAD = 16
_ID = 16
_ENTRY = 8


def digest_of(transition: Transition | None) -> str:
    """Return a head for the whole change and an entry per subscription.

    A change that moves nothing has a digest too.
    """
    entries = _entries(transition)
    content = _VERSION + _head(transition) + b"".join(id_.bytes + entries[id_] for id_ in sorted(entries))
    return urlsafe_b64encode(content).decode().rstrip("=")


def difference(previewed: str, transition: Transition | None) -> Difference:
    """Return the difference between a digest and a transition. In an invalid digest, every subscription differs."""
    now = _entries(transition)
    head, before = _read(previewed)
    kept = now.keys() & before.keys()
    # Another day or payer changes every subscription, even if the amounts are equal.
    changed = kept if head != _head(transition) else {id_ for id_ in kept if now[id_] != before[id_]}
    return Difference(_sorted(now.keys() - before.keys()), _sorted(before.keys() - now.keys()), _sorted(changed))


def _entries(transition: Transition | None) -> dict[UUID, bytes]:
    if transition is None:
        return {}
    shown: dict[UUID, object] = dict.fromkeys(transition.to_acknowledge, "acknowledged")
    shown |= {move.subscription.id: move for move in transition.moves}
    shown |= {cut.subscription.id: cut for cut in transition.cuts}
    return {id_: digest(content)[:_ENTRY] for id_, content in shown.items()}


def _head(transition: Transition | None) -> bytes:
    if transition is None:
        return bytes(_HEAD)
    change = {name: getattr(transition, name) for name in ("customer_id", "effective_on", "before", "after")}
    return digest(change)[:_HEAD]


def _read(previewed: str) -> tuple[bytes, dict[UUID, bytes]]:
    try:
        content = b64decode(previewed.encode("ascii") + b"=" * (-len(previewed) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return b"", {}
    version, content = content[: len(_VERSION)], content[len(_VERSION) :]
    entries = content[_HEAD:]
    if version != _VERSION or len(entries) % (_ID + _ENTRY):
        return b"", {}
    places = range(0, len(entries), _ID + _ENTRY)
    return content[:_HEAD], {
        UUID(bytes=entries[place : place + _ID]): entries[place + _ID : place + _ID + _ENTRY] for place in places
    }


def _sorted(ids: set[UUID] | frozenset[UUID]) -> tuple[UUID, ...]:
    return tuple(sorted(ids))
