"""What clients were told of their writes, and whether the database says the same in the end."""

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine


class Told(Enum):
    """How a write ended for its client."""

    STORED = "stored"
    REFUSED = "refused"
    NOTHING = "nothing"
    """No answer came, or one that says that the outcome is not known."""


@dataclass
class Ledger:
    """Every write that was sent, by a name that no other one writes."""

    creations: dict[str, Told] = field(default_factory=dict[str, Told])
    changes: dict[str, Told] = field(default_factory=dict[str, Told])
    ids: dict[str, str] = field(default_factory=dict[str, str])
    """The customers that were answered for creations."""
    answers: Counter[str] = field(default_factory=Counter[str])
    """How often each status and code was answered, or none."""

    def told(self) -> str:
        """Return what clients were told, as one line."""
        creations = Counter(told.value for told in self.creations.values())
        changes = Counter(told.value for told in self.changes.values())
        return f"creations {dict(creations)}, changes {dict(changes)}, answers {dict(self.answers)}"

    async def assert_true(self, engine: AsyncEngine, company_id: UUID) -> None:
        """What was acknowledged is there exactly once, what was refused isn't, and nothing is there twice."""
        created = await _names(engine, company_id, "operation = 'CREATED'")
        changed = await _names(engine, company_id, "operation = 'UPDATED'")
        for written, sent in ((created, self.creations), (changed, self.changes)):
            lost = [name for name, told in sent.items() if told is Told.STORED and not written[name]]
            invented = [name for name, told in sent.items() if told is Told.REFUSED and written[name]]
            doubled = [name for name, times in written.items() if times > 1]
            foreign = [name for name in written if name not in sent]
            assert (lost, invented, doubled, foreign) == ([], [], [], []), self.told()
        async with engine.connect() as connection:
            rows = await connection.execute(
                text("SELECT id, version FROM customers WHERE company_id = :company"), {"company": company_id}
            )
            versions = {str(row.id): row.version for row in rows}
            entries = await connection.execute(
                text("SELECT subject_id, count(*) AS n FROM history WHERE company_id = :company GROUP BY 1"),
                {"company": company_id},
            )
            # A change that was written in part would show here.
            assert {str(row.subject_id): row.n for row in entries} == versions
        assert {*self.ids.values()} <= versions.keys()
        assert len(versions) == created.total()


async def _names(engine: AsyncEngine, company_id: UUID, condition: str) -> Counter[str]:
    statement = text(f"SELECT changes FROM history WHERE company_id = :company AND {condition}")  # noqa: S608 - the test's own words
    async with engine.connect() as connection:
        rows = await connection.execute(statement, {"company": company_id})
        return Counter(_name_after(row.changes) for row in rows)


def _name_after(changes: dict[str, dict[str, str]]) -> str:
    return changes["name"]["after"]
