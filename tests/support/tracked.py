"""The objects of this process."""

import gc
from typing import TypeVar

KindT = TypeVar("KindT")


def tracked(kind: type[KindT]) -> list[KindT]:
    """Return all objects of a class and of those that inherit from it."""
    # `isinstance` would ask a weak reference what it refers to, which may be gone.
    return [found for found in gc.get_objects() if issubclass(type(found), kind)]
