"""Verified credentials' principals, and refused credentials, remembered by the credential's hash until a moment."""

from collections import OrderedDict

from app.domain.identity import Principal


class RememberedPrincipals:
    """The `size` most recently used principals; the credentials themselves are not kept."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: OrderedDict[bytes, tuple[Principal, float]] = OrderedDict()
        self.hits = self.misses = 0
        """Credentials that were remembered, and those that were not."""

    @property
    def entries(self) -> int:
        """Credentials that are remembered."""
        return len(self._entries)

    def get(self, digest: bytes) -> tuple[Principal, float] | None:
        """The principal, and until when it may be used; the caller compares that with its clock."""
        entry = self._entries.get(digest)
        if entry is None:
            self.misses += 1
        else:
            self.hits += 1
            self._entries.move_to_end(digest)
        return entry

    def put(self, digest: bytes, principal: Principal, until: float) -> None:
        """Remember a principal; the least recently used one makes room."""
        self._entries[digest] = (principal, until)
        self._entries.move_to_end(digest)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)


class RememberedRefusals:
    """The `size` credentials that were refused last."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._until: OrderedDict[bytes, float] = OrderedDict()

    def has(self, digest: bytes, now: float) -> bool:
        """Whether this credential was refused, and needn't be looked up again yet."""
        return now < self._until.get(digest, 0.0)

    def put(self, digest: bytes, until: float) -> None:
        """Remember that it was refused; the one that was refused first makes room."""
        self._until[digest] = until
        self._until.move_to_end(digest)
        if len(self._until) > self._size:
            self._until.popitem(last=False)
