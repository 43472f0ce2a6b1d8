"""What the inputs of several mutations say alike."""

FIELD_CODES = (
    " Texts are trimmed. Null where that is not possible is FIELD_NOT_CLEARABLE, a text that says nothing where it must"
    " FIELD_REQUIRED, one that is too long FIELD_TOO_LONG, another form than the one described FIELD_INVALID."
)

IDEMPOTENCY_KEY = (
    "A key of the caller's choice, at most 255 characters: for 24 hours the same key with the same input answers the same"
    " again and writes nothing; with another input it is refused with IDEMPOTENCY_KEY_REUSED. The same values are the same"
    " input, however they are written."
)
EXPECTED_VERSION = (
    "Only if this is still the version: otherwise the mutation is refused with VERSION_CONFLICT, the payload shows what is"
    " stored, and `changedFields` is empty, because these objects have no history."
)
