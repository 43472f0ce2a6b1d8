"""The fields of an input that are metadata: the whole map, entries to set, and keys to unset.

Keys are trimmed and stored in normal form C, and hold nothing invisible. An older release stored them to the letter: such
a key can still be read, found and unset as it is, and setting it in its present form replaces it. A blank key can only be
removed with the whole map.
"""

import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, cast

from app.domain.errors import ErrorCode, LimitProblem, MetadataProblem, Path, Problem
from app.domain.fields import hidden_in_key, invalid, is_storable
from app.domain.inputs import Field
from app.domain.metadata import MAX_ENTRIES, MAX_KEY_CHARACTERS, MAX_UNSET_KEYS, MAX_VALUE_CHARACTERS
from app.domain.texts import invisible_in, stored_form

MetadataEntries = dict[str, str | int | float | bool]


def merged_metadata(
    current: Mapping[str, object], fields: Mapping[str, object]
) -> tuple[MetadataEntries, list[Problem]]:
    """Return the metadata after an update whose fields were read, and the problem if there would be too much of it."""
    if "metadata" in fields:
        return dict(cast("MetadataEntries", fields["metadata"])), []
    added = cast("MetadataEntries", fields.get("metadata_set", {}))
    removed = _stored_keys(current, cast("tuple[str, ...]", fields.get("metadata_unset", ())))
    kept = {
        key: value
        for key, value in cast("MetadataEntries", current).items()
        if key not in removed and (key in added or stored_form(key) not in added)
    }
    merged = kept | added
    return merged, list(_limit_problems(merged, ("input", "metadataSet")))


def form_conflicts(given: Mapping[str, object]) -> Iterator[Problem]:
    """Yield the problems of fields that can't be given together."""
    single = [name for name in ("metadata_set", "metadata_unset") if name in given]
    if "metadata" in given and single:
        names = " and ".join("metadataSet" if name == "metadata_set" else "metadataUnset" for name in single)
        message = f"replaces all entries, so it can't be combined with {names}."
        yield Problem(ErrorCode.FIELD_CONFLICT, ("input", "metadata"), message)
    added, unset = given.get("metadata_set"), given.get("metadata_unset")
    if not isinstance(added, Mapping) or not isinstance(unset, list | tuple):
        return
    # What has too many is refused for that.
    if (
        len(cast("Mapping[object, object]", added)) <= MAX_ENTRIES
        and len(cast("list[object]", unset)) <= MAX_UNSET_KEYS
    ):
        forms = {_form(key) for key in cast("Mapping[object, object]", added) if isinstance(key, str)}
        for place, key in enumerate(cast("list[object]", unset)):
            if isinstance(key, str) and _form(key) in forms:
                message = "names a key that metadataSet sets."
                yield Problem(ErrorCode.FIELD_CONFLICT, ("input", "metadataUnset", place), message)


def entries(given: object, path: Path) -> object:
    """Read a map of entries. Too many are one problem, and none of them is looked at.

    Entries to set may still be too many with the stored ones.
    """
    if not isinstance(given, Mapping):
        return _not_entries(path)
    sent = cast("Mapping[object, object]", given)
    return [*_limit_problems(sent, path)] or [*_entry_problems(sent, path)] or _stored(sent)


def keys(given: object, path: Path) -> object:
    """Read keys to unset, in one order because they are a set; one that is not there is no problem."""
    if not isinstance(given, list | tuple):
        return invalid(path, "must be a list of keys.")
    sent = cast("list[object]", given)
    if len(sent) > MAX_UNSET_KEYS:
        message = f"has {len(sent)} keys; at most {MAX_UNSET_KEYS} are allowed."
        return LimitProblem(ErrorCode.METADATA_LIMIT_EXCEEDED, path, message, MAX_UNSET_KEYS, len(sent))
    problems = [
        invalid((*path, place), message) for place, key in enumerate(sent) if (message := search_key_problem(key))
    ]
    return problems or tuple(sorted({*cast("list[str]", sent)}))


def search_key_problem(key: object) -> str | None:
    """Return why no entry can have a key, whichever release stored it; None if one can."""
    form = _form(key) if isinstance(key, str) and is_storable(key) else ""
    # An older release stored keys to the letter, and normal form C may be longer.
    if isinstance(key, str) and form and min(len(form), len(key)) <= MAX_KEY_CHARACTERS:
        return None
    return f"must be a key of 1 to {MAX_KEY_CHARACTERS} visible characters, none of them U+0000."


def canonical_metadata(given: Mapping[str, object]) -> dict[str, object]:
    """Return an input's fields with keys to unset in their form, and without changes that change nothing."""
    meant = dict(given)
    unset = keys(meant.get("metadata_unset"), ())
    if isinstance(unset, tuple):
        meant["metadata_unset"] = tuple(sorted({*map(stored_form, cast("tuple[str, ...]", unset))}))
    # Beside the whole map even an empty change is a conflict.
    changes = () if "metadata" in meant else ("metadata_set", "metadata_unset")
    return {name: value for name, value in meant.items() if name not in changes or value not in ((), {})}


def _form(key: str) -> str:
    """Return the form of a key, of whatever length; of one that is too long, as little as shows that."""
    return stored_form(key, most=MAX_KEY_CHARACTERS)


def _stored_keys(current: Mapping[str, object], sent: tuple[str, ...]) -> set[str]:
    """Return the stored keys that keys name: those that are equal, or else those with the same form."""
    named = set(sent)
    forms = {stored_form(key) for key in named if key not in current}
    return {key for key in current if key in named or stored_form(key) in forms}


def _stored(entries: Mapping[object, object]) -> dict[object, object]:
    """Return entries with numbers as the column gives them back, so that sending what was read is no change."""
    return {
        stored_form(cast("str", key)): _written_out(value) if isinstance(value, float) else value
        for key, value in entries.items()
    }


def _written_out(value: float) -> int | float:
    # The column keeps digits, not exponents, and no negative zero.
    return int(Decimal(repr(value))) if "e+" in repr(value) else value + 0.0


def _not_entries(path: Path) -> Problem:
    return invalid(path, "must be an object of keys and values.")


def _entry_problems(entries: Mapping[object, object], path: Path) -> Iterator[Problem]:
    found: set[str] = set()
    for key, value in entries.items():
        form = _form(key) if isinstance(key, str) else ""
        message = _key_problem(key, form) or _value_problem(value)
        if message is None and form in found:
            message = "has the key of another entry: keys are trimmed, and stored in Unicode's normal form C."
        found.add(form)
        if message is not None:
            yield MetadataProblem(ErrorCode.METADATA_VALUE_INVALID, (*path, str(key)), message, str(key))


def _limit_problems(entries: Mapping[Any, object], path: Path) -> Iterator[Problem]:
    if len(entries) > MAX_ENTRIES:
        message = f"has {len(entries)} entries; at most {MAX_ENTRIES} are allowed."
        yield LimitProblem(ErrorCode.METADATA_LIMIT_EXCEEDED, path, message, MAX_ENTRIES, len(entries))


def _key_problem(key: object, form: str) -> str | None:
    if not isinstance(key, str) or not 1 <= len(form) <= MAX_KEY_CHARACTERS:
        return f"must have a key of 1 to {MAX_KEY_CHARACTERS} visible characters."
    if not is_storable(key):
        return "must have a key without U+0000 and half surrogate pairs."
    hidden = invisible_in(form)
    return None if hidden is None else f"has a key that {hidden_in_key(hidden)}"


def _value_problem(value: object) -> str | None:
    if isinstance(value, str):
        if len(value) > MAX_VALUE_CHARACTERS:
            return f"has {len(value)} characters; at most {MAX_VALUE_CHARACTERS} are allowed."
        return None if is_storable(value) else "must not contain U+0000 or half of a surrogate pair."
    # Beyond a double's range a number would be stored, and be infinite to almost everyone who reads it.
    if isinstance(value, int | float) and abs(value) <= sys.float_info.max:
        return None
    return "must be a string, a finite number (at most 1.79e308) or a boolean."


METADATA_FIELDS = {
    "metadata": Field(entries, clearable=False, default={}),
    "metadata_set": Field(entries, clearable=False),
    "metadata_unset": Field(keys, clearable=False),
}
"""The fields of an input that are metadata; only the first one is an attribute of a row."""
