"""Fingerprints of commands: one for the same values, and another for every other one."""

from decimal import Decimal
from uuid import UUID

import pytest

from app.domain.customers import CustomerType
from app.services.commands import Repeatable
from app.services.contacts import DeleteContactCommand
from app.services.create_customer import CreateCustomerCommand
from app.services.customer_groups import UpdateCustomerGroupCommand
from app.services.customers.upsert_rows import UpsertRow
from app.services.departments import UpdateDepartmentCommand
from app.services.fingerprints import fingerprint
from app.services.update_customer import UpdateCustomerCommand
from app.services.upsert_accounts import UpsertAccountsCommand
from app.services.upsert_customers import UpsertCustomersCommand


def test_missing_fields_defaults_and_the_order_of_names_make_no_other_input() -> None:
    id_ = UUID(int=1)
    same = [
        UpdateCustomerCommand(id_, {"name": "x", "email": None}),
        UpdateCustomerCommand(id_, {"email": None, "name": "x"}, acknowledged=None, digest=None, expected_version=None),
    ]
    assert len({fingerprint(command) for command in same}) == 1


ID, OTHER = "0198C0DE-0000-7000-8000-00000000000A", "0198c0de-0000-7000-8000-00000000000b"
NO_METADATA: tuple[dict[str, object], ...] = (
    {},
    {"metadata_set": {}},
    {"metadata_unset": []},
    {"metadata_set": {}, "metadata_unset": ()},
)
SAME: dict[str, tuple[Repeatable, ...]] = {
    "a decimal": tuple(
        UpdateCustomerCommand(UUID(ID), {"credit_limit": amount, "opening_balance": amount})
        for amount in (Decimal("12.5"), Decimal("12.50"), Decimal("1.25e1"), Decimal("+12.50"))
    ),
    "zero": tuple(
        UpdateCustomerCommand(UUID(ID), {"opening_balance": amount}) for amount in (Decimal(0), Decimal("-0.00"), 0)
    ),
    "keys to unset": tuple(
        UpdateCustomerCommand(UUID(ID), {"metadata_unset": keys}) for keys in (["a", "b"], ("b", "a"), ["b", "a", "b"])
    ),
    "keys to unset in another form": tuple(
        UpdateCustomerCommand(UUID(ID), {"metadata_unset": keys})
        for keys in (["\u00e9", "b"], ["e\u0301", " b"], ["b\ufeff", "\u00e9"], ["b", " b", "\u00e9", "e\u0301"])
    ),
    "a group's keys to unset in another form": tuple(
        UpdateCustomerGroupCommand({"id": ID, "metadata_unset": keys}) for keys in (["\u00e9"], ["e\u0301 "])
    ),
    "a row's keys to unset in another form": tuple(
        UpsertCustomersCommand((UpsertRow({"metadata_unset": keys}),)) for keys in (["\u00e9"], ["e\u0301 "])
    ),
    "no change of metadata": tuple(UpdateCustomerCommand(UUID(ID), fields) for fields in NO_METADATA),
    "no change of a group's metadata": tuple(
        UpdateCustomerGroupCommand({"id": ID, **fields}) for fields in NO_METADATA
    ),
    "no change of a row's metadata": tuple(UpsertCustomersCommand((UpsertRow(fields),)) for fields in NO_METADATA),
    "keys to set": tuple(
        UpdateCustomerCommand(UUID(ID), {"metadata_set": metadata})
        for metadata in ({"a": 1, "b": 0.0}, {"b": -0.0, "a": 1})
    ),
    "a large number": tuple(
        UpdateCustomerCommand(UUID(ID), {"metadata": {"a": number}}) for number in (1e16, 10_000_000_000_000_000)
    ),
    "text": tuple(
        CreateCustomerCommand({"name": name, "country_code": country, "email": email})
        for name, country, email in (("\u00c5", "DK", None), (" A\u030a ", "dk", ""))
    ),
    "an id": tuple(CreateCustomerCommand({"customer_group_id": id_}) for id_ in (ID, ID.lower(), UUID(ID))),
    "an acknowledgement": (
        UpdateCustomerCommand(UUID(ID), {}, (UUID(ID), UUID(OTHER))),
        UpdateCustomerCommand(UUID(ID), {}, (UUID(OTHER), UUID(ID))),
    ),
    "no acknowledgement": (UpdateCustomerCommand(UUID(ID), {}, ()), UpdateCustomerCommand(UUID(ID), {}, None)),
    "a row": (
        UpsertCustomersCommand((UpsertRow({"credit_limit": Decimal("12.5")}, (ID, OTHER)),)),
        UpsertCustomersCommand((UpsertRow({"credit_limit": Decimal("12.50")}, (OTHER, ID.lower())),)),
    ),
    "a row that acknowledges nothing": (
        UpsertCustomersCommand((UpsertRow({}, ()),)),
        UpsertCustomersCommand((UpsertRow({}),)),
    ),
    "a row with a problem": (
        UpsertCustomersCommand((UpsertRow({"email": "no address", "credit_limit": Decimal("12.5")}),)),
        UpsertCustomersCommand((UpsertRow({"email": "no address", "credit_limit": Decimal("12.50")}),)),
    ),
    "an account": (
        UpsertAccountsCommand(({"number": " 1", "name": "A"},)),
        UpsertAccountsCommand(({"name": "A ", "number": "1"},)),
    ),
    "a group": (
        UpdateCustomerGroupCommand({"id": ID, "discount": Decimal("7.5"), "metadata_unset": ["a", "b"]}),
        UpdateCustomerGroupCommand(
            {"id": ID.lower(), "discount": Decimal("7.50"), "metadata_unset": ["b", "a"], "expected_version": None}
        ),
    ),
    "a contact": (
        DeleteContactCommand({"id": ID}),
        DeleteContactCommand({"id": ID.lower(), "new_default_id": None, "expected_version": None}),
    ),
    "a department": (
        UpdateDepartmentCommand({"id": ID, "country_code": "dk", "po_number": ""}),
        UpdateDepartmentCommand({"id": ID, "country_code": "DK", "po_number": None}),
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_another_spelling_of_the_same_values_makes_no_other_input(name: str) -> None:
    assert len({fingerprint(command) for command in SAME[name]}) == 1


def test_every_difference_makes_another_input() -> None:
    id_ = UUID(int=1)
    different: list[Repeatable] = [
        UpdateCustomerCommand(id_, {}),
        UpdateCustomerCommand(UUID(int=2), {}),
        UpdateCustomerCommand(id_, {"email": None}),
        UpdateCustomerCommand(id_, {"email": "None"}),
        UpdateCustomerCommand(id_, {"metadata": {"a": 1}}),
        UpdateCustomerCommand(id_, {"metadata": {"a": 1.0}}),
        UpdateCustomerCommand(id_, {"metadata": {"a": True}}),
        UpdateCustomerCommand(id_, {"metadata": {"a": "1"}}),
        UpdateCustomerCommand(id_, {"customer_type": CustomerType.PRIVATE}),
        UpdateCustomerCommand(id_, {}, acknowledged=(id_,)),
        UpdateCustomerCommand(id_, {}, expected_version=1),
        CreateCustomerCommand({}),
        UpsertCustomersCommand((UpsertRow({}),)),
        UpsertCustomersCommand((UpsertRow({}), UpsertRow({}))),
        UpsertCustomersCommand((UpsertRow({}, (str(id_),)),)),
        UpdateCustomerCommand(id_, {"credit_limit": Decimal("12.5")}),
        UpdateCustomerCommand(id_, {"credit_limit": Decimal("12.500")}),
        UpdateCustomerCommand(id_, {"metadata_unset": ["a"]}),
        UpdateCustomerCommand(id_, {"metadata_unset": ["a", "b"]}),
        UpdateCustomerCommand(id_, {"metadata_unset": [""]}),
        UpdateCustomerCommand(id_, {"metadata_unset": None}),
        UpdateCustomerCommand(id_, {"metadata_set": None}),
        UpdateCustomerCommand(id_, {"metadata": {}}),
        UpdateCustomerCommand(id_, {"metadata": {}, "metadata_set": {}}),
        UpdateCustomerCommand(id_, {"name": ""}),
        UpdateCustomerCommand(id_, {"name": None}),
    ]
    assert len({fingerprint(command) for command in different}) == len(different)
