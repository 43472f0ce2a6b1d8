"""A small billing system: sends what is due today for each subscription of customer K-3. Run it every day.

A period that is over is billed, and then the next month is sent, in advance billed at once. A second run on the same
day finds nothing due. A real billing system would keep its own books: see docs/billing.md.
"""

import calendar
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ask import ask


def month_after(day: date) -> date:
    """Return the same day of the next month."""
    year, month = divmod(day.year * 12 + day.month, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def billed(subscription: dict[str, Any], today: date) -> dict[str, Any] | None:
    """Return the row that says that the current period is billed; None if it runs or is billed already."""
    period = subscription["periods"][0]
    if not is_over(period, today) or float(period["billedAmount"]):
        return None
    current = {"startsOn": period["startsOn"], "endsOn": period["endsOn"], "billedAmount": period["netAmount"]}
    return key(subscription) | {"currentPeriod": current | {"billedOn": today.isoformat()}}


def following(subscription: dict[str, Any], today: date) -> dict[str, Any] | None:
    """Return the row of the next period; None if the current one runs."""
    period = subscription["periods"][0]
    if not is_over(period, today):
        return None
    start = period["endsOn"]
    end = month_after(date.fromisoformat(start)).isoformat()
    current = {"startsOn": start, "endsOn": end, "netAmount": subscription["netAmount"]}
    if subscription["billingDirection"] == "ADVANCE":
        current |= {"billedAmount": subscription["netAmount"], "billedOn": today.isoformat()}
    return key(subscription) | {"currentPeriod": current, "nextBillingDate": end}


def is_over(period: dict[str, Any], today: date) -> bool:
    """Return whether the last day of a period has passed."""
    return date.fromisoformat(period["endsOn"]) <= today


def key(subscription: dict[str, Any]) -> dict[str, Any]:
    """Return what finds the subscription, and the version that the row was made for."""
    return {"externalSystemId": subscription["externalSystemId"], "expectedVersion": subscription["version"]}


def stored() -> list[dict[str, Any]]:
    """Return the subscriptions as the service has them."""
    return ask("subscriptions.graphql", {})["customer"]["subscriptions"]


def send(rows: list[dict[str, Any]]) -> None:
    """Send a list, and print how each row ended."""
    for row in ask("mirror.graphql", {"input": {"rows": rows}})["upsertSubscriptions"]["results"]:
        subscription = row["subscription"]
        period = subscription["periods"][0]
        print(
            f"{row['outcome']} {subscription['externalSystemId']}: {period['startsOn']} to {period['endsOn']},"
            f" {period['billedAmount']} billed to {period['payer']['name']}"
        )


def main() -> None:
    """Send lists until nothing is due: the periods that are over, billed, then the next ones, month by month."""
    today = datetime.now(ZoneInfo("Europe/Copenhagen")).date()
    for row_of in (billed, following) * 12:
        rows = [row for subscription in stored() if (row := row_of(subscription, today)) is not None]
        if rows:
            send(rows)
    for subscription in stored():
        period = subscription["periods"][0]
        print(f"{subscription['externalSystemId']}: nothing is due before {period['endsOn']}")


if __name__ == "__main__":
    main()
