"""The spelling of REST: that of the reference, for values that the schema has."""

from graphql import GraphQLEnumType

from app.graphql.schema import executable, schema
from app.rest.spelling import REST


def test_the_enumerations_of_the_reference_are_in_lower_case() -> None:
    assert REST.enumerations == {
        "BillingRelationship": {"SELF": "self", "PARENT_PAYS": "parent_pays"},
        "ConsolidationMode": {"SINGLE_INVOICE": "single_invoice", "PER_CHILD_INVOICE": "per_child_invoice"},
        "VatZone": {
            "DOMESTIC": "domestic",
            "EU": "eu",
            "ABROAD": "abroad",
            "DOMESTIC_WITHOUT_VAT": "domestic_without_vat",
        },
    }
    assert REST.decimals_as_numbers


def test_each_value_is_one_of_the_schema() -> None:
    for name, texts in REST.enumerations.items():
        kind = executable(schema).type_map[name]
        assert isinstance(kind, GraphQLEnumType)
        assert [*kind.values] == [*texts]
