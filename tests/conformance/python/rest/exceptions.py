"""What a JSON Schema can't say of the values that the REST endpoints take, for Schemathesis.

Values that fit the schema are replaced by some that exist, so that more requests succeed. What is rejected for another
reason that no schema can say isn't a fault.
"""

import json
import re
from typing import Any

import schemathesis
from schemathesis.openapi.checks import RejectedPositiveData

EXISTING = {
    "countryCode": (re.compile("[A-Za-z]{2}"), "DK"),
    "defaultCurrency": (re.compile("[A-Za-z]{3}"), "DKK"),
    "customerGroupId": (
        re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
        "01924560-6c00-7f98-8139-9180c9a29ab8",
    ),
    "email": (re.compile(".+@.+"), "name@company.example"),
    "website": (re.compile("https?://.*"), "https://company.example"),
}
"""By property, the texts that are replaced, and what replaces them."""
MESSAGES = (
    "is not a cursor of this list",  # cursors come from answers
    "must be an ISO 3166-1 code",  # the countries that exist, where no value is replaced
    "must be an ISO 4217 code",
    "must be an address such as",  # the syntax of addresses
    "decimals; at most 2 are allowed",  # multiples of 0.01 aren't exact in floating point
    "keys can't hold invisible characters",  # tables of Unicode
    "be blank",  # the same tables
    "has the same key as another one",  # keys are compared without blanks around them
    "If-Match must be an ETag",  # Schemathesis also sends 0, which the pattern excludes
)
"""What the messages of problems say that values may have although they fit the schema."""
_EXPECTED = re.compile("|".join(MESSAGES))


@schemathesis.hook
def map_body(_context: Any, body: Any) -> Any:
    """Return a body with existing values in place of those that have their form."""
    if isinstance(body, dict):
        for name, (form, existing) in EXISTING.items():
            if isinstance(body.get(name), str) and form.fullmatch(body[name]):
                body[name] = existing
    return body


@schemathesis.hook
def filter_failure(_context: Any, failure: Any, _case: Any, response: Any) -> bool:
    """Return whether a finding is a fault."""
    if isinstance(failure, RejectedPositiveData) and response.status_code == 400:
        errors = json.loads(response.content)["details"].get("validationErrors", [])
        messages = [message for error in errors for message in error["constraints"].values()]
        return not messages or not all(map(_EXPECTED.search, messages))
    return True
