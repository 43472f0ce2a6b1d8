"""Metadata pairs of filters: conditions, or problems."""

from collections.abc import Callable

from app.db.conditions import AnyOf, Condition
from app.domain.errors import Path
from app.domain.metadata import MAX_FILTER_PAIRS, MAX_VALUE_CHARACTERS, canonical_text, pair_digest
from app.domain.metadata_fields import search_key_problem
from app.domain.texts import stored_form
from app.graphql.arguments import Problems
from app.graphql.codes import FieldCode
from app.graphql.types.customer_filter import MetadataPairInput


def pairs_of(
    pairs: list[MetadataPairInput], path: Path, problems: Problems, has_pair: Callable[[bytes], Condition]
) -> tuple[Condition, ...]:
    """Return a condition for each metadata pair, of what `has_pair` makes of its digest, or problems."""
    if len(pairs) > MAX_FILTER_PAIRS:
        problems.add(
            path,
            f"has {len(pairs)} pairs; at most {MAX_FILTER_PAIRS} are allowed.",
            FieldCode.METADATA_FILTER_LIMIT_EXCEEDED,
        )
        return ()
    found: list[Condition] = []
    for place, pair in enumerate(pairs):
        # A key is stored in its form; one that an older release stored is in the form in which it was sent.
        digests = dict.fromkeys(_pair(pair, (*path, place), problems))
        conditions = tuple(map(has_pair, digests))
        found += conditions if len(conditions) <= 1 else (AnyOf(conditions),)
    return tuple(found)


def _pair(pair: MetadataPairInput, path: Path, problems: Problems) -> tuple[bytes, ...]:
    """Return the digests of a pair, with the key as it is stored and as it was sent."""
    if message := search_key_problem(pair.key):
        problems.add((*path, "key"), message)
        return ()
    try:
        text = canonical_text(pair.value)
    except ValueError as error:
        problems.add((*path, "value"), f"{error}.")
        return ()
    if isinstance(pair.value, str) and (len(text) > MAX_VALUE_CHARACTERS or "\0" in text):
        problems.add((*path, "value"), f"must have at most {MAX_VALUE_CHARACTERS} characters, none of them U+0000.")
        return ()
    return pair_digest(stored_form(pair.key), pair.value), pair_digest(pair.key, pair.value)
