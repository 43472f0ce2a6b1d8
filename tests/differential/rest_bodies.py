"""Random bodies of customers for the twins, valid or not, and the same as inputs of mutations."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.differential.twins import IDS

ENUMERATIONS = {
    "vatZone": ("domestic", "eu", "abroad", "domestic_without_vat"),
    "billingRelationship": ("self", "parent_pays"),
    "consolidationMode": ("single_invoice", "per_child_invoice"),
    "customerType": ("BUSINESS", "PRIVATE"),
    "paymentTermType": ("NET", "END_OF_MONTH"),
}
_TEXT = st.sampled_from(["Fjord", "", "  ", 'Æble \\ "x"', "x" * 256]) | st.none()
_ID = st.sampled_from([str(IDS[name]) for name in ("customer", "parent", "payer", "child")] + [str(uuid4()), "x"])
_AMOUNT = st.sampled_from([0, 12, 12.5, -1, 0.001, 9999999999999.99, "12.50", "12,5", True, 1e30]) | st.none()
_WHOLE = st.sampled_from([-1, 0, 1, 28, 29, 365, 366, 1.5, "1", None])
_METADATA = st.none() | st.dictionaries(
    st.sampled_from(["segment", "size", "", "å", "k" * 129]),
    st.sampled_from(["gold", "", 1, 1.5, True, None, "v" * 501]),
    max_size=3,
)
_FIELDS: dict[str, SearchStrategy[Any]] = {
    **{name: st.sampled_from([*values, None]) for name, values in ENUMERATIONS.items()},
    **dict.fromkeys(("name", "phone", "address", "city", "postalCode", "vatNumber", "notes"), _TEXT),
    "customerNumber": st.sampled_from(["77", " 77 ", "7", "", "x" * 51, None]),
    "customerGroupId": st.sampled_from([str(IDS["group"]), str(IDS["gold"]), str(uuid4()), "x", None]),
    "countryCode": st.sampled_from(["DK", "se", "XX", "", None]),
    "defaultCurrency": st.sampled_from(["DKK", "eur", "XXX", "", None]),
    "email": st.sampled_from(["a@b.example", "nobody", "", None]),
    "website": st.sampled_from(["https://b.example", "b", "", None]),
    "externalSystemId": st.sampled_from(["crm:9", "crm:1", "crm:taken", "", " ", None]),
    "creditLimit": _AMOUNT,
    "openingBalance": _AMOUNT,
    "paymentTerms": _WHOLE,
    "billingDay": _WHOLE,
    "isActive": st.booleans() | st.none(),
    "includeChildDetailsPdf": st.booleans() | st.none(),
    "parentCustomerId": _ID | st.none(),
    "parentInvoiceTemplateId": st.sampled_from([str(IDS["account"]), "x", None]),
    "metadata": _METADATA,
}
_REQUIRED = {
    "name": "Fjord",
    "vatZone": "eu",
    "customerGroupId": str(IDS["group"]),
    "countryCode": "DK",
    "defaultCurrency": "DKK",
}
_TRANSITIONS = st.lists(
    st.sampled_from(
        [{"subscriptionId": str(IDS[name])} for name in ("subscription", "subscription", "ended", "group")]
    ),
    max_size=2,
)


@st.composite
def new_bodies(draw: st.DrawFn) -> dict[str, Any]:
    """A body of a new customer: mostly complete, with a few more fields."""
    body = draw(_some(_FIELDS, most=4))
    kept = draw(st.sampled_from([_REQUIRED, _REQUIRED, _REQUIRED, {}]))
    return {**kept, **body} if draw(st.booleans()) else {**body, **kept}


@st.composite
def changed_bodies(draw: st.DrawFn) -> dict[str, Any]:
    """A body of an update: a few fields, and an acknowledgement where who pays may change."""
    body = draw(_some(_FIELDS, most=4))
    touches = {"parentCustomerId", "billingRelationship", "consolidationMode"} & set(body)
    if touches and draw(st.booleans()):
        body |= {"parentCustomerId": str(IDS["parent"]), "billingRelationship": "parent_pays"}
    if touches or draw(st.integers(0, 9)) == 0:
        body["subscriptionTransitions"] = draw(st.just([{"subscriptionId": str(IDS["subscription"])}]) | _TRANSITIONS)
    return body


def _some(fields: Mapping[str, SearchStrategy[Any]], *, most: int) -> SearchStrategy[dict[str, Any]]:
    """A few of the fields, each with a value."""
    names = st.lists(st.sampled_from(sorted(fields)), max_size=most, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: fields[name] for name in chosen}))


def as_input(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body as the input of a mutation: names of values are in upper case."""
    return {
        name: value.upper() if name in ENUMERATIONS and isinstance(value, str) else value
        for name, value in body.items()
    }
