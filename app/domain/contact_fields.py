"""Fields of a contact and how inputs are read into them."""

from app.domain.errors import ErrorCode
from app.domain.fields import flag, formed, text
from app.domain.forms import email
from app.domain.inputs import Field
from app.domain.members import MemberKind

CONTACT = MemberKind(
    noun="contact",
    not_found=ErrorCode.CONTACT_NOT_FOUND,
    default="is_default_for_customer",
    fields={
        "name": Field(text(), clearable=False),
        "is_default_for_customer": Field(flag, clearable=False),
        "email": Field(formed(email, "must be an address such as name@example.com")),
        "phone": Field(text()),
    },
)
