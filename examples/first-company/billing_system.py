"""A small billing system: sends what follows the current period of each subscription of customer K-3.

It bills the period, then sends the next month, in advance billed at once. A real one would do this when the period is
over, or on its billing day, and would keep its own books: see docs/billing.md.
"""

import calendar
from datetime import date
from typing import Any

from ask import ask


def month_after(day: date) -> date:
    """Return the same day of the next month."""
    year, month = divmod(day.year * 12 + day.month, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def billed(subscription: dict[str, Any]) -> dict[str, Any]:
    """Return the row that says that the current period is billed."""
    period = subscription["periods"][0]
    current = {"startsOn": period["startsOn"], "endsOn": period["endsOn"], "billedAmount": period["netAmount"]}
    return key(subscription) | {"currentPeriod": current | {"billedOn": period["endsOn"]}}


def following(subscription: dict[str, Any]) -> dict[str, Any]:
    """Return the row of the next period."""
    start = subscription["periods"][0]["endsOn"]
    end = month_after(date.fromisoformat(start)).isoformat()
    current = {"startsOn": start, "endsOn": end, "netAmount": subscription["netAmount"]}
    if subscription["billingDirection"] == "ADVANCE":
        current |= {"billedAmount": subscription["netAmount"], "billedOn": start}
    return key(subscription) | {"currentPeriod": current, "nextBillingDate": end}


def key(subscription: dict[str, Any]) -> dict[str, Any]:
    """Return what finds the subscription, and the version that the row was made for."""
    return {"externalSystemId": subscription["externalSystemId"], "expectedVersion": subscription["version"]}


def main() -> None:
    """Send two lists: the periods that are over, billed, and then the next ones."""
    for row_of in (billed, following):
        subscriptions = ask("subscriptions.graphql", {})["customer"]["subscriptions"]
        rows = [row_of(subscription) for subscription in subscriptions]
        result = ask("mirror.graphql", {"input": {"rows": rows}})["upsertSubscriptions"]
        for row in result["results"]:
            subscription = row["subscription"]
            period = subscription["periods"][0]
            print(
                f"{row['outcome']} {subscription['externalSystemId']}: {period['startsOn']} to {period['endsOn']},"
                f" {period['billedAmount']} billed to {period['payer']['name']}"
            )


if __name__ == "__main__":
    main()
