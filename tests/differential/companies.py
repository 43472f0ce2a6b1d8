"""Companies whose rows are made for edge_cases."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import date
from decimal import Decimal
from itertools import cycle
from typing import Any
from uuid import UUID

from tests.differential import edge_cases
from tests.differential.writer import Writer, as_day, as_json, as_moment

MOST_INTEGER, LEAST_INTEGER = 2**31 - 1, -(2**31)


async def everyday(writer: Writer) -> None:
    """Customers of every kind: everything set or nothing, parents, children, and all that hangs on a customer."""
    groups = [
        await writer.group(number=number, name=f"Group {number}", discount=discount, metadata=as_json(metadata))
        for number, discount, metadata in zip(
            ("2", "02", "B", "empty"), map(Decimal, ("0", "10", "99.99", "100.00")), edge_cases.METADATA, strict=False
        )
    ]
    customers = list[UUID]()
    for place, (number, name) in enumerate(zip(edge_cases.NUMBERS, edge_cases.NAMES, strict=True)):
        values = _everything(place) if place % 2 else {}
        values |= _kin(writer, place, customers)
        values |= {"customer_number": number, "name": name, "customer_group_id": groups[place % 3]}
        customers.append(await writer.customer(**values))
    for customer in customers[::3]:
        await _members(writer, customer)
    parent, child = customers[0], customers[4]
    await _billing(writer, parent, child)
    await _billing(writer, child, parent)
    for subject in (parent, groups[0]):
        await _history(writer, subject)


def _everything(place: int) -> dict[str, Any]:
    texts = ("email", "phone", "address", "city", "postal_code", "vat_number", "website", "external_system_id", "notes")
    return {
        **{name: f"{name} {place}" for name in texts},
        "customer_type": "PRIVATE",
        "vat_zone": ("EU", "ABROAD", "DOMESTIC_WITHOUT_VAT")[place % 3],
        "is_active": place % 4 == 1,
        "include_child_details_pdf": True,
        "country_code": ("SE", "US")[place % 4 == 1],
        "default_currency": "EUR",
        "credit_limit": Decimal("9999999999999.99") if place % 3 else Decimal(0),
        "opening_balance": Decimal("-0.10"),
        "payment_terms": place * 30 % 366,
        "payment_term_type": ("NET", "END_OF_MONTH")[place % 4 == 1],
        "metadata": as_json(edge_cases.METADATA[place % len(edge_cases.METADATA)]),
        "version": MOST_INTEGER - place,
        "created_at": edge_cases.MOMENTS[place % len(edge_cases.MOMENTS)],
        "updated_at": edge_cases.MOMENTS[place * 5 % len(edge_cases.MOMENTS)],
    }


def _kin(writer: Writer, place: int, before: list[UUID]) -> dict[str, Any]:
    """The first is a parent with every setting of one, the second has others; some of those after them are children."""
    if place == 0:
        template = writer.next_id()
        return {"consolidation_mode": "SINGLE_INVOICE", "billing_day": 28, "parent_invoice_template_id": template}
    if place == 1:
        return {"consolidation_mode": "PER_CHILD_INVOICE"}
    if place in range(2, 8):
        return {
            "parent_customer_id": before[place % 3 == 2],
            "billing_relationship": ("SELF", "PARENT_PAYS")[place % 2],
        }
    return {}


async def _history(writer: Writer, subject: UUID) -> None:
    for version, changes in enumerate(edge_cases.HISTORY, 1):
        await writer.change(subject, version, changes, operation="CREATED" if version == 1 else "UPDATED")


async def _members(writer: Writer, customer: UUID) -> None:
    for place, name in enumerate(("Bo", "bo", "Åse", "Bo", "ann")):
        full = bool(place % 2)
        contact = await writer.contact(
            customer,
            name=name,
            is_default_for_customer=place == 2,
            email=f"{name}@example.com" if full else None,
            phone="1" if full else None,
        )
        optional = ("po_number", "address", "city", "postal_code")
        values = dict.fromkeys(optional, name) | {"ean_number": "5790001234560", "country_code": "DK"} if full else {}
        department = await writer.department(
            customer, name=name, is_default=place == 3, is_active=place != 1, version=place + 1, **values
        )
        for subject in (contact, department)[:place]:
            await _history(writer, subject)


async def _billing(writer: Writer, customer: UUID, payer: UUID) -> None:
    transition = await writer.transition(customer)
    documents = [
        await writer.document(customer, payer, kind=kind, transition_id=of, total=total)
        for kind, of, total in zip(
            ("CREDIT_NOTE", "INVOICE", "INVOICE"), (transition, transition, None), edge_cases.AMOUNTS, strict=False
        )
    ]
    amounts, days = cycle(edge_cases.AMOUNTS), cycle(edge_cases.DAYS)
    for place, status in enumerate(edge_cases.STATUSES):
        ends = {"ends_on": next(days), "next_billing_date": next(days)} if place % 2 else {}
        values = {"net_amount": next(amounts), "billing_direction": ("ADVANCE", "ARREARS")[place % 2], **ends}
        started = date(2026, 1, 1 + place // 3)
        subscription = await writer.subscription(
            customer, status=status, name=f"{status} {place}", started_on=started, interval_months=place + 1, **values
        )
        if place == 1:
            await _history(writer, subscription)
        for sequence in range(1, 1 + place % 4):
            its_days = {"starts_on": date(2026, 5 + sequence, 1), "ends_on": date(2026, 6 + sequence, 1)}
            cut = {"cut_on": date(2026, 6, 15), "transition_id": transition} if sequence == 1 else {}
            billed = {"net_amount": next(amounts), "billed_amount": Decimal("5.00"), "credited_amount": Decimal("1.5")}
            pays = payer if place % 2 else customer
            await writer.period(subscription, pays, sequence=sequence, **its_days, **billed, **cut)
        for document in documents[: place % 4]:
            await writer.line(document, place + 1, subscription, amount=next(amounts), description=f"Line {place}")


async def hostile(writer: Writer) -> None:
    """A customer for each text that needs care, with the text wherever a text may be."""
    for place, words in enumerate(edge_cases.TEXTS):
        short = words[:50]
        group = await writer.group(number=short, name=words, metadata=as_json(edge_cases.METADATA[place % 7]))
        texts = dict.fromkeys(("email", "phone", "address", "city", "postal_code", "vat_number", "website"), words)
        customer = await writer.customer(
            customer_number=short,
            name=words,
            customer_group_id=group,
            external_system_id=words,
            notes=words * 3,
            metadata=as_json(edge_cases.METADATA[place % len(edge_cases.METADATA)]),
            created_at=edge_cases.MOMENTS[place % len(edge_cases.MOMENTS)],
            **texts,
        )
        await writer.contact(customer, name=words, email=words, phone=words)
        await writer.department(customer, name=words, po_number=words, address=words, city=words, postal_code=words)
        subscription = await writer.subscription(customer, name=words)
        document = await writer.document(
            customer, customer, transition_id=await writer.transition(customer, actor=words)
        )
        await writer.line(document, MOST_INTEGER, subscription, description=words)
        await writer.change(customer, 1, edge_cases.HISTORY[place % len(edge_cases.HISTORY)], actor=words)


async def crowd(writer: Writer) -> None:
    """More children, group members and contacts than a page holds, many of them equal in all that sorts."""
    group = await writer.group(number="1", name="Crowd")
    parent = await writer.customer(customer_number="0", name="Parent", customer_group_id=group)
    for place in range(55):
        child = await writer.customer(
            customer_number=f"{place // 4 + 1:0{place % 4 + 2}}",
            name=edge_cases.NAMES[place % 5],
            customer_group_id=group,
            parent_customer_id=parent,
            is_active=place % 5 != 0,
            created_at=edge_cases.MOMENTS[place % 2],
            metadata=as_json('{"segment": "gold", "size": 5.0}') if place % 3 else as_json('{"size": "5"}'),
        )
        if place % 10 == 0:
            for status in edge_cases.STATUSES:
                await writer.subscription(child, status=status)
    for place in range(103):
        contact = await writer.contact(parent, name=edge_cases.NAMES[place % 3])
        for version in range(1, place % 5):
            await writer.change(contact, version, edge_cases.HISTORY[version % len(edge_cases.HISTORY)])
    for version in range(1, 60):
        await writer.change(parent, version, edge_cases.HISTORY[1])


async def extremes(writer: Writer) -> None:
    """Each customer has one thing that Python, JSON or GraphQL hold in a way of their own."""
    nan, infinity = Decimal("NaN"), Decimal("Infinity")
    await writer.customer(name="NaN", credit_limit=nan, opening_balance=nan, version=LEAST_INTEGER)
    amounts = await writer.customer(name="Amounts")
    for amount in (nan, infinity, Decimal("1E+400"), Decimal("1E-300")):
        subscription = await writer.subscription(amounts, name=f"{amount:e}", net_amount=amount)
        await writer.period(subscription, amounts, net_amount=amount, billed_amount=amount, credited_amount=amount)
        document = await writer.document(amounts, amounts, total=amount)
        await writer.line(document, LEAST_INTEGER, subscription, amount=-amount)
    await _dated(writer, edge_cases.ODD_DAYS, edge_cases.ODD_MOMENTS)


async def impossible(writer: Writer) -> None:
    """Each customer has one thing that PostgreSQL holds and Python or JSON can't."""
    await _dated(writer, edge_cases.IMPOSSIBLE_DAYS, edge_cases.IMPOSSIBLE_MOMENTS)
    for number in (f"{10**309}.5", f"1{'0' * 4400}"):
        await writer.customer(name="Number", metadata=as_json(f'{{"number": {number}}}'))


async def _dated(writer: Writer, days: Iterable[str], moments: Iterable[str]) -> None:
    for moment in map(as_moment, moments):
        customer = await writer.customer(name="Moment", created_at=moment)
        await writer.change(customer, 1, "{}", occurred_at=moment)
    for day in map(as_day, days):
        customer = await writer.customer(name="Day")
        await writer.subscription(customer, started_on=day, ends_on=day, next_billing_date=day)
        await writer.document(customer, customer, issued_on=day)


COMPANIES: dict[str, Callable[[Writer], Awaitable[None]]] = {
    "everyday": everyday,
    "hostile": hostile,
    "crowd": crowd,
    "extremes": extremes,
    "impossible": impossible,
}
