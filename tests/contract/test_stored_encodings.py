"""What leaves the service and comes back later, held by its very text: it may change only together with its version.

If one of these fails, what callers hold or what is stored would no longer be understood. Either leave the encoding as
it was, or raise its version and put the new text here. What is stored of outcomes is held by
tests/graphql/mutations/test_stored_answers.py.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from app.db.conditions import (
    AllOf,
    AnyOf,
    Equals,
    HasId,
    HasMetadata,
    HasParent,
    HasWords,
    IsOneOf,
    NameBeginsWith,
    Negation,
)
from app.db.customers import CustomerSort, order_by
from app.domain import digests
from app.domain.customers import CustomerType
from app.domain.cutting import cuts
from app.domain.digests import digest_of
from app.domain.encodings import named
from app.domain.moving import Move
from app.domain.transition import Transition
from app.graphql import feed_cursors
from app.graphql.arguments import Problems
from app.graphql.cursors import Cursors
from app.services.commands import Repeatable
from app.services.contacts import CreateContactCommand, DeleteContactCommand, UpdateContactCommand
from app.services.create_customer import CreateCustomerCommand
from app.services.customer_groups import (
    CreateCustomerGroupCommand,
    DeleteCustomerGroupCommand,
    UpdateCustomerGroupCommand,
)
from app.services.customers.upsert_rows import UpsertRow
from app.services.departments import CreateDepartmentCommand, DeleteDepartmentCommand, UpdateDepartmentCommand
from app.services.fingerprints import UnknownFingerprint, fingerprint, fits
from app.services.update_customer import UpdateCustomerCommand
from app.services.upsert_accounts import UpsertAccountsCommand
from app.services.upsert_contacts import UpsertContactsCommand
from app.services.upsert_customers import UpsertCustomersCommand
from app.services.upsert_departments import UpsertDepartmentsCommand
from app.services.upsert_groups import UpsertCustomerGroupsCommand
from app.services.upsert_subscriptions import UpsertSubscriptionsCommand
from tests.support.billing_examples import CUT, JUNE, OWN, single

ONE, TWO = UUID(int=1), UUID(int=2)
FIELDS = {"name": "Å", "email": None, "credit_limit": Decimal("12.50"), "customer_type": CustomerType.PRIVATE}
FINGERPRINTS: list[tuple[Repeatable, str]] = [
    (
        CreateCustomerCommand(FIELDS | {"metadata": {"a": 1, "b": 1.5, "c": True}}),
        "038716d00b5cf2d2deb6a740600c14c41656bcca7439e85042f2fdf67b5cf488e3",
    ),
    (UpdateCustomerCommand(ONE, FIELDS), "03e4e7a820a1b6e7afb5078906c5beb5f3616a474f7a238ea81bf7ae8c43dd55aa"),
    (
        UpdateCustomerCommand(ONE, {"parent_customer_id": str(TWO)}, (ONE, TWO), "digest", 3),
        "03b4f8fac81f9d08981ff5e9f238f472be8a9dc20a80576f3b845b04df21214b27",
    ),
    (
        UpsertCustomersCommand((UpsertRow(FIELDS), UpsertRow({}, ("x",)))),
        "03ecbfbaa538cf295b7c9e246a6d099774367b6c845fb67fe03382aa3a68a5a736",
    ),
    (
        UpsertContactsCommand(({"name": "1"},)),
        "03bb1e137e41f7b942cf440d320a6683c8b23ed2364bdcf5c957ce580584e8aa39",
    ),
    (
        UpsertDepartmentsCommand(({"name": "1"},)),
        "038fc9a294d2a0c6faf9eb4f96cf022eaef99b74e2c4bd4c832bfcb162d42c2198",
    ),
    (
        UpsertCustomerGroupsCommand(({"number": "1"},)),
        "037999fa4e746e12251c26155329c9dfe504e302c08f44fc26adb530aee4fbee85",
    ),
    (UpsertAccountsCommand(({"number": "1"},)), "03dae493c5595685144431479bbb32edb8d6660cdc47fef2d6939e707742af96f7"),
    (
        UpsertSubscriptionsCommand(
            (
                {
                    "external_system_id": "s",
                    "net_amount": Decimal("300.00"),
                    "current_period": {"starts_on": CUT, "ends_on": CUT},
                },
            )
        ),
        "0364acf680583dd6c0dc2e32ab8a563c5a91696d133a1d5b3b62075fb75ba00d5e",
    ),
    (
        CreateContactCommand({"customer_id": str(ONE)}),
        "038f4ace5dcf50ce58c7004358f66d81819f6034562a6942aa6c32297767db9502",
    ),
    (UpdateContactCommand({"id": str(ONE)}), "039328f4e534b789ac33429343d48dda1c6290ded8cf1c4fc67d07c8ab42efc91e"),
    (DeleteContactCommand({"id": str(ONE)}), "03a75df48ab2cdecee225e9e2ca1108b8e5589605195fe5f820a7a493f30b9dcdc"),
    (
        CreateDepartmentCommand({"customer_id": str(ONE)}),
        "035e682382b22a080ed5e6c85e53bab7415ec6914ab746dbd9acaa2385c6c5ef7c",
    ),
    (UpdateDepartmentCommand({"id": str(ONE)}), "032772edb78c2094a88ffe612df2f354f586a4644e070f1ea8c57b372bb0fcea9f"),
    (DeleteDepartmentCommand({"id": str(ONE)}), "0366ca12a5d75535c8af59b6873e76fe9cb38c37315dc5f5bb10f70afd0cbc19e8"),
    (CreateCustomerGroupCommand({"number": "1"}), "03d1f8813c379a8d73e47a6e15cacb15d873c473495949de444f6758a0504b86b7"),
    (
        UpdateCustomerGroupCommand({"id": str(ONE)}),
        "035ce8e0bfe05221a6393aea6aa6335f684e179fd747a264366ec2018f3da4f791",
    ),
    (
        DeleteCustomerGroupCommand({"id": str(ONE)}),
        "03fcff515ec0d8cfb169b77fd69112fd067e95eab56abf87ed5a9fa4c70ed0fdb9",
    ),
]


@pytest.mark.parametrize(("command", "expected"), FINGERPRINTS, ids=lambda parameter: type(parameter).__name__)
def test_a_fingerprint_stays_what_it_was(command: Repeatable, expected: str) -> None:
    assert fingerprint(command).hex() == expected


@pytest.mark.parametrize("version", [b"\x02", b"\x04"])
def test_a_fingerprint_of_another_version_is_never_compared(version: bytes) -> None:
    command, expected = FINGERPRINTS[0]

    assert fits(bytes.fromhex(expected), command)
    with pytest.raises(UnknownFingerprint):
        fits(version + bytes.fromhex(expected)[1:], command)


CUTS = tuple(cuts([JUNE], OWN, single(15), CUT))
MOVE = Move(JUNE, ONE, 15, CUT)
DIGESTS = [
    (None, "AgAAAAAAAAAAAAAAAAAAAAA"),
    (
        Transition(ONE, CUT, OWN, single(15), CUTS, {ONE: single(15)}, (), (JUNE.id,)),
        "AnR0T1jxECJPVtz5dDuHwXQAAAAAAAAAAAAAAAAAAAADf0WjeJ3wxH8",
    ),
    (
        Transition(ONE, CUT, OWN, single(15), (), {ONE: single(15)}, (MOVE,), ()),
        "AnR0T1jxECJPVtz5dDuHwXQAAAAAAAAAAAAAAAAAAAADpeMxJainU8M",
    ),
]


@pytest.mark.parametrize(("transition", "expected"), DIGESTS)
def test_a_digest_stays_what_it_was(transition: Transition | None, expected: str) -> None:
    assert digest_of(transition) == expected


def test_a_digest_of_another_version_is_as_any_text_that_is_none() -> None:
    _, (transition, digest), _ = DIGESTS
    # Version 1 had no first byte.
    before = urlsafe_b64encode(urlsafe_b64decode(digest + "==")[1:]).decode().rstrip("=")
    for other in (before, "B" + digest[1:]):
        assert digests.difference(other, transition).added == (JUNE.id,)


IDENTITIES: list[tuple[tuple[object, ...], str]] = [
    (
        ("customers", ONE, None),
        "XmNgg9lPsGyueyJ2IjoyLCJuYW1lX2tleSI6IsOmcsO4IiwiY3JlYXRlZF9hdCI6IjIwMjYtMDYtMTlUMTI6MzA6MDAuMDAwMDAwWiIsImlkIjoiMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAyIn0",
    ),
    (
        ("Customer", "children", ONE, Equals("is_active", value=True)),
        "hLb8vsg7fY1zeyJ2IjoyLCJuYW1lX2tleSI6IsOmcsO4IiwiY3JlYXRlZF9hdCI6IjIwMjYtMDYtMTlUMTI6MzA6MDAuMDAwMDAwWiIsImlkIjoiMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAyIn0",
    ),
    (
        ("customers", ONE, AllOf((HasId((ONE,)), AnyOf((HasParent(value=True), Negation(HasWords(("a",)))))))),
        "UMBaI6Cj62WNeyJ2IjoyLCJuYW1lX2tleSI6IsOmcsO4IiwiY3JlYXRlZF9hdCI6IjIwMjYtMDYtMTlUMTI6MzA6MDAuMDAwMDAwWiIsImlkIjoiMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAyIn0",
    ),
    (
        ("customers", ONE, AllOf((HasMetadata(b"x"), NameBeginsWith("n"), IsOneOf("status", ("A",))))),
        "Z9E6cvbYCTEKeyJ2IjoyLCJuYW1lX2tleSI6IsOmcsO4IiwiY3JlYXRlZF9hdCI6IjIwMjYtMDYtMTlUMTI6MzA6MDAuMDAwMDAwWiIsImlkIjoiMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAyIn0",
    ),
]


@pytest.mark.parametrize(("identity", "expected"), IDENTITIES)
def test_a_cursor_stays_what_it_was(identity: tuple[object, ...], expected: str) -> None:
    order = order_by((CustomerSort.NAME, False), (CustomerSort.CREATED_AT, True))
    cursors = Cursors(order, *identity)
    position = ("ærø", datetime(2026, 6, 19, 12, 30, tzinfo=UTC), TWO)
    assert cursors.encode(position) == expected
    assert cursors.decode(expected, ("after",), Problems()) == position


def test_a_cursor_of_the_feed_stays_what_it_was() -> None:
    expected = "5CqDuh_sjlaxeyJ2IjoyLCJwb3NpdGlvbiI6IjEwOTk1MTE2Mjc3NzYifQ"
    assert feed_cursors.encode(ONE, 2**40) == expected
    assert feed_cursors.decode(expected, ONE, ("after",), Problems()) == 2**40


def test_a_value_is_encoded_by_the_names_of_its_type_and_fields() -> None:
    encoded: dict[str, Any] = named(CUTS[0])
    assert encoded["type"] == "Cut"
    assert encoded["following"] == {"type": "Period", "start": "2026-06-19", "end": "2026-07-15"}
    assert encoded["settlement"]["amount"] == "120.00"
    assert encoded["subscription"]["id"] == str(JUNE.id)


def test_a_value_without_an_encoding_is_told_and_not_guessed() -> None:
    with pytest.raises(TypeError, match="no encoding is known for set"):
        named({1})
