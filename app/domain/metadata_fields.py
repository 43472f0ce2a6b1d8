"""Metadata in inputs: the whole map, entries to set, and keys to unset.

Keys are trimmed, stored in normal form C, and can't hold invisible characters. Older releases stored keys as they were
sent. Such a key can still be read, found and unset as it is; setting the same key in its stored form replaces it. A
blank key can only be removed by replacing the whole map.
"""

import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, cast

from app.domain.errors import ErrorCode, LimitProblem, MetadataProblem, Path, Problem
from app.domain.fields import hidden_in_key, invalid, is_storable, schema_name, schema_names
from app.domain.inputs import Field
from app.domain.metadata import MAX_ENTRIES, MAX_KEY_CHARACTERS, MAX_UNSET_KEYS, MAX_VALUE_CHARACTERS, is_same_metadata
from app.domain.texts import invisible_in, is_too_long, stored_form

MetadataEntries = dict[str, str | int | float | bool]


def merged_metadata(
    current: Mapping[str, object], fields: Mapping[str, object]
) -> tuple[MetadataEntries, list[Problem]]:
    """Return the metadata after an update, and a problem if it would have too many entries."""
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
    return merged, list(_limit_problems(merged, ("metadata_set",)))


def changed_values(before: Any, given: Mapping[str, object]) -> tuple[dict[str, object], list[Problem]]:
    """Return the attributes of a row that an input changes, with their values, and the problem of too much metadata.

    `before` is the stored row, a named tuple. Fields of the input that aren't attributes are left out.
    """
    metadata, problems = merged_metadata(before.metadata, given)
    attributes = {*before._fields} - {"metadata"}
    changed = {name: value for name, value in given.items() if name in attributes and getattr(before, name) != value}
    if not is_same_metadata(before.metadata, metadata):
        changed["metadata"] = metadata
    return changed, problems


def form_conflicts(given: Mapping[str, object]) -> Iterator[Problem]:
    """Yield the problems of fields that can't be given together."""
    single = [name for name in ("metadata_set", "metadata_unset") if name in given]
    if "metadata" in given and single:
        names = " and ".join(schema_names(single))
        message = f"can't be combined with {names}, because it replaces all entries."
        yield Problem(ErrorCode.FIELD_CONFLICT, ("metadata",), message)
    added, unset = given.get("metadata_set"), given.get("metadata_unset")
    if not isinstance(added, Mapping) or not isinstance(unset, list | tuple):
        return
    # Inputs with too many entries are rejected for that alone.
    if (
        len(cast("Mapping[object, object]", added)) <= MAX_ENTRIES
        and len(cast("list[object]", unset)) <= MAX_UNSET_KEYS
    ):
        forms = {_form(key) for key in cast("Mapping[object, object]", added) if isinstance(key, str)}
        for place, key in enumerate(cast("list[object]", unset)):
            if isinstance(key, str) and _form(key) in forms:
                message = f"must not name a key that {schema_name('metadata_set')} sets."
                yield Problem(ErrorCode.FIELD_CONFLICT, ("metadata_unset", place), message)


def entries(given: object, path: Path) -> object:
    """Read a map of entries. If there are too many, that is the only problem and no entry is checked.

    `merged_metadata` checks the number again, together with the stored entries.
    """
    if not isinstance(given, Mapping):
        return _not_entries(path)
    sent = cast("Mapping[object, object]", given)
    return [*_limit_problems(sent, path)] or [*_entry_problems(sent, path)] or _stored(sent)


def keys(given: object, path: Path) -> object:
    """Read keys to unset: sorted, because they are a set. Keys that aren't stored are allowed."""
    if not isinstance(given, list | tuple):
        return invalid(path, "must be a list of keys.")
    sent = cast("list[object]", given)
    if len(sent) > MAX_UNSET_KEYS:
        message = f"must have at most {MAX_UNSET_KEYS} keys, not {len(sent)}."
        return LimitProblem(ErrorCode.METADATA_LIMIT_EXCEEDED, path, message, MAX_UNSET_KEYS, len(sent))
    problems = [
        invalid((*path, place), message) for place, key in enumerate(sent) if (message := search_key_problem(key))
    ]
    return problems or tuple(sorted({*cast("list[str]", sent)}))


def search_key_problem(key: object) -> str | None:
    """Return why no stored entry of any release can have this key; None if one can."""
    form = _form(key) if isinstance(key, str) and not is_too_long(key, MAX_KEY_CHARACTERS) and is_storable(key) else ""
    # Older releases stored keys as they were sent, and normal form C can be longer.
    if isinstance(key, str) and form and min(len(form), len(key)) <= MAX_KEY_CHARACTERS:
        return None
    return f"must be a key of 1 to {MAX_KEY_CHARACTERS} visible characters without U+0000."


def canonical_metadata(given: Mapping[str, object]) -> dict[str, object]:
    """Return an input's fields with keys to unset in their stored form, and without empty changes."""
    meant = dict(given)
    unset = keys(meant.get("metadata_unset"), ())
    if isinstance(unset, tuple):
        meant["metadata_unset"] = tuple(sorted({*map(stored_form, cast("tuple[str, ...]", unset))}))
    # Beside the whole map, even an empty change is a conflict.
    changes = () if "metadata" in meant else ("metadata_set", "metadata_unset")
    return {name: value for name, value in meant.items() if name not in changes or value not in ((), {})}


def _form(key: str) -> str:
    """Return the stored form of a key; of a key that is too long, any text that is too long."""
    return stored_form(key, most=MAX_KEY_CHARACTERS)


def _stored_keys(current: Mapping[str, object], sent: tuple[str, ...]) -> set[str]:
    """Return the stored keys that match: equal keys, or if there is none, keys with the same stored form."""
    named = set(sent)
    forms = {stored_form(key) for key in named if key not in current}
    return {key for key in current if key in named or stored_form(key) in forms}


def _stored(entries: Mapping[object, object]) -> dict[object, object]:
    """Return entries with numbers as PostgreSQL returns them, so that sending back what was read changes nothing."""
    return {
        stored_form(cast("str", key)): _written_out(value) if isinstance(value, float) else value
        for key, value in entries.items()
    }


def _written_out(value: float) -> int | float:
    # jsonb stores digits without exponents, and no negative zero.
    return int(Decimal(repr(value))) if "e+" in repr(value) else value + 0.0


def _not_entries(path: Path) -> Problem:
    return invalid(path, "must be an object of keys and values.")


def _entry_problems(entries: Mapping[object, object], path: Path) -> Iterator[Problem]:
    found: set[str] = set()
    for key, value in entries.items():
        form = _form(key) if isinstance(key, str) else ""
        message = _key_problem(key, form) or _value_problem(value)
        if message is None and form in found:
            message = (
                "must have another key than other entries: keys are trimmed and stored in Unicode's normal form C."
            )
        found.add(form)
        if message is not None:
            yield MetadataProblem(ErrorCode.METADATA_VALUE_INVALID, (*path, str(key)), message, str(key))


def _limit_problems(entries: Mapping[Any, object], path: Path) -> Iterator[Problem]:
    if len(entries) > MAX_ENTRIES:
        message = f"must have at most {MAX_ENTRIES} entries, not {len(entries)}."
        yield LimitProblem(ErrorCode.METADATA_LIMIT_EXCEEDED, path, message, MAX_ENTRIES, len(entries))


def _key_problem(key: object, form: str) -> str | None:
    if not isinstance(key, str) or not 1 <= len(form) <= MAX_KEY_CHARACTERS:
        return f"must have a key of 1 to {MAX_KEY_CHARACTERS} visible characters."
    if not is_storable(key):
        return "must have a key without U+0000 and lone surrogates."
    hidden = invisible_in(form)
    return None if hidden is None else f"has a key that {hidden_in_key(hidden)}"


def _value_problem(value: object) -> str | None:
    if isinstance(value, str):
        if len(value) > MAX_VALUE_CHARACTERS:
            return f"must have at most {MAX_VALUE_CHARACTERS} characters, not {len(value)}."
        return None if is_storable(value) else "must not contain U+0000 or lone surrogates."
    # PostgreSQL can store numbers beyond the range of a double, but most JSON parsers read them as infinite.
    if isinstance(value, int | float) and abs(value) <= sys.float_info.max:
        return None
    return "must be a string, a finite number (at most 1.79e308) or a boolean."


METADATA_FIELDS = {
    "metadata": Field(entries, clearable=False, default={}),
    "metadata_set": Field(entries, clearable=False),
    "metadata_unset": Field(keys, clearable=False),
}
"""The metadata fields of an input; only `metadata` is an attribute of a row."""
