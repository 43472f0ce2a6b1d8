"""The companies of the demo data, with their ledger accounts and customer groups."""

import json
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from app.db.seeding.draw import Draw
from app.db.seeding.moments import FIRST_MOMENT, created_at
from app.db.seeding.rows import Batch, Company, CustomerGroup, LedgerAccount
from app.db.seeding.vocabulary import ACCOUNT_NAMES, COUNTRIES, DISCOUNTS, GROUP_NAMES, MARKETS, SEGMENTS

_FIRST_ACCOUNT = 1000


@dataclass(frozen=True, slots=True)
class Profile:
    """A company's name and home, and the names of its first customers."""

    name: str
    time_zone: str
    country: str
    group_name: str
    members: tuple[str, str, str]
    person: str
    business: str


_PROFILES = (
    Profile(
        "Fjord Software ApS", "Europe/Copenhagen", "DK",
        "Nordlys Gruppen A/S", ("Nordlys Ærø ApS", "Nordlys Skagen ApS", "Nordlys Aarhus ApS"),
        "Søren Østergaard", "Havblik Kaffe ApS",
    ),
    Profile(
        "Skärgård Energi AB", "Europe/Stockholm", "SE",
        "Björkholm Koncernen AB", ("Björkholm Ångfart AB", "Björkholm Öl AB", "Björkholm Café AB"),
        "Åsa Sjöberg", "Måne & Måne HB",
    ),
    Profile(
        "Järvi Tele Oy", "Europe/Helsinki", "FI",
        "Kallio Yhtymä Oyj", ("Kallio Äänitys Oy", "Kallio Höyry Oy", "Kallio Leipä Oy"),
        "Päivi Hämäläinen", "Saaristo Öljy Oy",
    ),
)  # fmt: skip


def profile(index: int) -> Profile:
    """Return the profile of a company. Profiles repeat after the last one."""
    return _PROFILES[index % len(_PROFILES)]


def demo_company_id(seed: int = 1, index: int = 0) -> UUID:
    """Return the id of a demo company, computed from the seed number."""
    return Draw(f"company {seed}/{index}").uuid(FIRST_MOMENT)


def founding(seed: int, index: int, today: date) -> Batch:
    """Return the company, its ledger accounts and its customer groups."""
    draw = Draw(f"founding {seed}/{index}")
    company_id, created = demo_company_id(seed, index), created_at(FIRST_MOMENT, today)
    batch = Batch()
    about = profile(index)
    # A company with a repeated profile gets a number, so that lists and logs show different names.
    name = about.name if index < len(_PROFILES) else f"{about.name} {index + 1}"
    batch.companies.append(Company(company_id, name, COUNTRIES[about.country].currency, about.time_zone, created))
    names = [f"{account}, {market}" for account in ACCOUNT_NAMES for market in MARKETS]
    for place, account in enumerate(names):
        number = str(_FIRST_ACCOUNT + 10 * place)
        batch.ledger_accounts.append(LedgerAccount(company_id, draw.uuid(FIRST_MOMENT), number, account))
    for place, group in enumerate(GROUP_NAMES):
        batch.customer_groups.append(
            CustomerGroup(
                company_id=company_id,
                id=draw.uuid(FIRST_MOMENT),
                # The last number has a letter, to show where such numbers sort.
                number=str(place + 1) if place + 1 < len(GROUP_NAMES) else "X-1",
                name=group,
                discount=draw.pick(DISCOUNTS),
                account_id=draw.pick(batch.ledger_accounts).id,
                metadata=json.dumps({"segment": SEGMENTS[place % len(SEGMENTS)], "priority": place % 3}),
                created_at=created,
                updated_at=created,
            )
        )
    return batch
