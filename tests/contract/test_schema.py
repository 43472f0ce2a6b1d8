"""The public contract as it is printed: complete, described, valid, and what the REST reference promises."""

import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    build_schema,
    introspection_from_schema,
    is_introspection_type,
    is_specified_scalar_type,
    print_schema,
    validate_schema,
)

from app.domain.customers import BillingRelationship, ConsolidationMode, CustomerType, PaymentTermType, VatZone
from app.domain.identity import Scope
from app.domain.subscriptions import BillingDirection, SubscriptionStatus
from app.graphql.introduction import INTRODUCTION
from app.graphql.schema import executable, schema, sdl

COMMITTED = Path(__file__).parents[2] / "schema.graphql"
SCHEMA = executable(schema)
OWN = [
    kind for kind in SCHEMA.type_map.values() if not is_introspection_type(kind) and not is_specified_scalar_type(kind)
]

LINKED = {"key", "link", "requiresScopes", "shareable"}
"""The directives of federation that the schema uses."""

REFERENCE = {
    "Customer": """id customerNumber customerType name vatZone customerGroupId isActive billingRelationship
        includeChildDetailsPdf customerGroupNumber customerGroupName email phone address city postalCode countryCode
        vatNumber website externalSystemId notes creditLimit openingBalance paymentTerms paymentTermType
        defaultCurrency parentCustomerId consolidationMode billingDay parentInvoiceTemplateId metadata""",
    "Contact": "id name isDefaultForCustomer email phone",
    "Department": "id name isDefault isActive poNumber eanNumber address city postalCode countryCode",
    "CustomerGroup": "id number name discount accountId accountNumber accountName metadata",
}
ENUMERATIONS: dict[str, tuple[type[Enum], str]] = {
    "CustomerType": (CustomerType, "BUSINESS PRIVATE"),
    "VatZone": (VatZone, "DOMESTIC EU ABROAD DOMESTIC_WITHOUT_VAT"),
    "BillingRelationship": (BillingRelationship, "SELF PARENT_PAYS"),
    "ConsolidationMode": (ConsolidationMode, "SINGLE_INVOICE PER_CHILD_INVOICE"),
    "PaymentTermType": (PaymentTermType, "NET END_OF_MONTH"),
    "BillingDirection": (BillingDirection, "ADVANCE ARREARS"),
    "SubscriptionStatus": (
        SubscriptionStatus,
        "SCHEDULED TRIAL AWAITING_PAYMENT ACTIVE PENDING_CANCELLATION PAUSED CANCELLED EXPIRED",
    ),
    "Scope": (
        Scope,
        "CUSTOMERS_READ CUSTOMERS_WRITE ACCOUNTS_READ ACCOUNTS_WRITE SUBSCRIPTIONS_WRITE WEBHOOKS_READ WEBHOOKS_WRITE",
    ),
}


def _described(kind: GraphQLNamedType) -> Iterator[tuple[str, str | None]]:
    """Everything that a type of the schema consists of, by its name, with what is said of it."""
    yield kind.name, kind.description
    match kind:
        case GraphQLObjectType() | GraphQLInterfaceType():
            for name, field in kind.fields.items():
                yield f"{kind.name}.{name}", field.description
                for argument, taken in field.args.items():
                    yield f"{kind.name}.{name}({argument}:)", taken.description
        case GraphQLInputObjectType():
            for name, taken in kind.fields.items():
                yield f"{kind.name}.{name}", taken.description
        case GraphQLEnumType():
            for name, value in kind.values.items():
                yield f"{kind.name}.{name}", value.description
        case _:
            pass


def test_the_committed_schema_is_what_the_code_prints() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == sdl(), "run `customer-gateway schema --out schema.graphql`"


def test_the_printed_schema_is_valid_and_is_printed_alike_after_it_is_read() -> None:
    assert validate_schema(SCHEMA) == []
    read = build_schema(sdl())
    assert validate_schema(read) == []
    assert sorted(print_schema(read).split("\n\n")) == sorted(print_schema(SCHEMA).split("\n\n"))


def test_the_schema_begins_with_an_introduction_that_introspection_shows_too() -> None:
    assert sdl().startswith(f'"""\n{INTRODUCTION}\n"""\nschema @link(')
    assert introspection_from_schema(SCHEMA, schema_description=True)["__schema"].get("description") == INTRODUCTION
    for topic in ("Credentials", "Errors", "Pagination", "Writing"):
        assert f"\n**{topic}.** " in INTRODUCTION


@pytest.mark.parametrize("kind", OWN, ids=lambda kind: kind.name)
def test_everything_is_described(kind: GraphQLNamedType) -> None:
    assert [name for name, description in _described(kind) if not description or not description.strip()] == []


PAGING = {"first", "last", "after", "before"}


def test_the_sentences_of_a_description_are_separated_by_spaces() -> None:
    described = [(INTRODUCTION, "schema"), *((text or "", name) for kind in OWN for name, text in _described(kind))]

    assert [name for text, name in described if re.search(r"[.;:,)][A-Z]", text)] == []


def test_a_description_names_no_argument_that_its_field_lacks() -> None:
    wrong: list[str] = []
    for kind in OWN:
        if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            continue
        for name, field in kind.fields.items():
            said = " ".join([field.description or "", *(arg.description or "" for arg in field.args.values())])
            wrong += [
                f"{kind.name}.{name}: {argument}"
                for argument in PAGING & set(re.findall(r"`(\w+)`", said)) - set(field.args)
            ]

    assert wrong == []


def test_every_directive_is_described() -> None:
    described = {
        directive.name: [directive.description, *(taken.description for taken in directive.args.values())]
        for directive in SCHEMA.directives
    }
    assert described.keys() >= LINKED
    assert [name for name, descriptions in described.items() if not all(descriptions)] == []


def test_every_field_that_needs_the_scope_says_so() -> None:
    leading = [
        (name, field.description or "")
        for kind in ("Query", "Customer", "CustomerGroup")
        for name, field in _object(kind).fields.items()
        if field.resolve is not None and field.args
    ]
    assert len(leading) >= 10
    for name, description in leading:
        scope = "accounts-read" if name.startswith("ledgerAccounts") else "customers-read"
        assert description.endswith(f"Needs {scope}."), name


def test_every_custom_scalar_names_its_specification() -> None:
    scalars = [kind for kind in OWN if isinstance(kind, GraphQLScalarType)]
    assert {kind.name for kind in scalars} >= {
        "Date",
        "DateTime",
        "Decimal",
        "Metadata",
        "_Any",
        "federation__FieldSet",
    }
    assert all((kind.specified_by_url or "").startswith("https://") for kind in scalars)
    assert sdl().count("@specifiedBy(url: ") == len(scalars)


def test_nothing_defaults_to_null() -> None:
    assert not re.search(r"=\s*null", sdl())


def test_the_look_ups_are_printed_as_one_of_inputs() -> None:
    one_of = {kind.name for kind in OWN if isinstance(kind, GraphQLInputObjectType) and kind.is_one_of}
    assert one_of >= {"CustomerLookup", "CustomerGroupLookup"}
    assert set(re.findall(r"input (\w+) @oneOf", sdl())) == one_of


@pytest.mark.parametrize("name", REFERENCE)
def test_every_field_of_the_rest_reference_is_a_plain_field(name: str) -> None:
    fields = _object(name).fields
    expected = REFERENCE[name].split()
    assert [field for field in expected if field not in fields] == []
    assert [field for field in expected if fields[field].args] == []


@pytest.mark.parametrize("name", ENUMERATIONS)
def test_an_enumeration_has_the_domain_s_values_in_the_domain_s_order(name: str) -> None:
    kind = SCHEMA.type_map[name]
    assert isinstance(kind, GraphQLEnumType)
    enumeration, shown = ENUMERATIONS[name]
    assert list(kind.values) == shown.split() == [member.name for member in enumeration]


def test_an_amount_is_never_a_float() -> None:
    shown = {
        str(field.type).rstrip("!")
        for kind in OWN
        if isinstance(kind, GraphQLObjectType)
        for field in kind.fields.values()
    }
    assert "Float" not in shown
    for name, field in (
        ("Customer", "creditLimit"),
        ("Customer", "openingBalance"),
        ("CustomerSubscription", "netAmount"),
    ):
        assert str(_object(name).fields[field].type).rstrip("!") == "Decimal"


def test_no_argument_chooses_the_company() -> None:
    taken: list[tuple[str, GraphQLArgument]] = [
        argument
        for kind in OWN
        if isinstance(kind, GraphQLObjectType)
        for field in kind.fields.values()
        for argument in field.args.items()
    ]
    inputs = [name for kind in OWN if isinstance(kind, GraphQLInputObjectType) for name in kind.fields]
    assert [name for name in [*(name for name, _ in taken), *inputs] if "company" in name.lower()] == []


def _object(name: str) -> GraphQLObjectType:
    kind = SCHEMA.type_map[name]
    assert isinstance(kind, GraphQLObjectType)
    return kind
