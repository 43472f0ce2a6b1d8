"""The limits of documents: settings hold them, and what measures documents takes longer to import than a command."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Maximum sizes of a document and its operations."""

    max_document_bytes: int
    max_tokens: int
    max_depth: int
    max_aliases: int
    max_fields: int
    max_requested_rows: int
    max_requested_values: int
    max_mutations: int
    max_mutation_rows: int
    max_input_items: int
