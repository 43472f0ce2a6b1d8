"""Caches of verified and of rejected credentials, by hash, with an expiry time."""

from collections import OrderedDict

from app.domain.identity import Principal


class RememberedPrincipals:
    """The `size` most recently used principals; the credentials themselves are not kept."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: OrderedDict[bytes, tuple[Principal, float]] = OrderedDict()
        self.hits = self.misses = 0
        """Numbers of look-ups that found a credential, and that did not."""

    @property
    def entries(self) -> int:
        """Number of cached credentials."""
        return len(self._entries)

    def get(self, digest: bytes) -> tuple[Principal, float] | None:
        """Return the principal and its expiry time, for the caller to compare with its clock; None if not cached."""
        entry = self._entries.get(digest)
        if entry is None:
            self.misses += 1
        else:
            self.hits += 1
            self._entries.move_to_end(digest)
        return entry

    def put(self, digest: bytes, principal: Principal, until: float) -> None:
        """Cache a principal, and evict the least recently used one if the cache is full."""
        self._entries[digest] = (principal, until)
        self._entries.move_to_end(digest)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)


class RememberedRejections:
    """The `size` credentials that were rejected last."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._until: OrderedDict[bytes, float] = OrderedDict()

    def has(self, digest: bytes, now: float) -> bool:
        """Return whether this credential was rejected and needn't be looked up again yet."""
        return now < self._until.get(digest, 0.0)

    def put(self, digest: bytes, until: float) -> None:
        """Cache a rejected credential, and evict the oldest one if the cache is full."""
        self._until[digest] = until
        self._until.move_to_end(digest)
        if len(self._until) > self._size:
            self._until.popitem(last=False)
