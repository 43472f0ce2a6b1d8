"""Control fields that several inputs share, and their descriptions."""

from typing import Any

import strawberry

from app.graphql.types.enums import RejectionPolicy

VALUE_CODES = (
    " FIELD_NOT_CLEARABLE for null in a field that can't be null, FIELD_INVALID for a value of another form than"
    " described."
)
"""For inputs without texts. Begins with a space, to be appended to a description."""

FIELD_CODES = (
    " Texts are trimmed. FIELD_REQUIRED for blank text in a required field, FIELD_TOO_LONG for text that is too long."
    + VALUE_CODES
)
"""For inputs with texts, appended in the same way."""

IDEMPOTENCY_KEY = (
    "Makes it safe to send the mutation again: a key of 1 to 255 characters, chosen by the caller. For 24"
    " hours, the same key with the same input returns the stored answer, marked as `replayed`, and writes nothing; with"
    " another input it is rejected with IDEMPOTENCY_KEY_REUSED. Inputs are compared by value: `12.5` and `12.50` are"
    " the same."
)
EXPECTED_VERSION_OF_ROW = (
    "The expected version of the row's object. If it has another one and the row would change it, the row is rejected"
    " with VERSION_CONFLICT, with the fields that changed since in `changedFields`."
)
EXPECTED_VERSION = (
    "The expected version of the object. If it has another one, the mutation is rejected with"
    " VERSION_CONFLICT, with the fields that changed since in `changedFields`, and the payload shows the"
    " stored object."
)


def on_refusal() -> Any:
    """Declare the field `on_refusal` of an input with rows."""
    description = "How a rejected row affects the other rows."
    return strawberry.field(default=RejectionPolicy.ALL_OR_NOTHING, description=description)


def dry_run() -> Any:
    """Declare the field `dry_run` of an input with rows."""
    description = (
        "Whether to check all rows and write nothing. The results then show the objects as they are stored, and null for"
        " a row that would create one. A dry run doesn't use its idempotency key."
    )
    return strawberry.field(default=False, description=description)


def idempotency_key() -> Any:
    """Declare the field `idempotency_key` of an input."""
    return strawberry.field(description=IDEMPOTENCY_KEY)
