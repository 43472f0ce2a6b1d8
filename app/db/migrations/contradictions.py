"""Tell which stored subscriptions contradict the rules that a migration is about to add."""

from collections.abc import Mapping

from sqlalchemy import Connection, text

_MOST_NAMED = 5


def reject_contradictions(connection: Connection, findings: Mapping[str, str]) -> None:
    """Raise ValueError, with up to five subscriptions for each finding, if there are any.

    `findings` are conditions, with FROM items that name the subscription `subscription`, by what they find.
    """
    found = [
        f"{len(named):,} {finding}: {', '.join(named[:_MOST_NAMED])}{', …' if len(named) > _MOST_NAMED else ''}"
        for finding, source in findings.items()
        if (named := _named(connection, source))
    ]
    if found:
        msg = (
            "Subscriptions must agree with their dates and their periods, but these, by external_system_id and"
            f" company_id, don't: {'; '.join(found)}. Correct these rows of subscriptions and subscription_periods to"
            " what the billing system says, then migrate again."
        )
        raise ValueError(msg)


def _named(connection: Connection, source: str) -> list[str]:
    query = f"""SELECT coalesce(subscription.external_system_id, subscription.id::text), subscription.company_id
        FROM {source} ORDER BY 2, 1"""  # noqa: S608 - SQL of migrations
    return [f"{key} of {company}" for key, company in connection.execute(text(query))]
