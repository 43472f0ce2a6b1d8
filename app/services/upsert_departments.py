"""Upsert a list of departments."""

from dataclasses import dataclass
from functools import partial

from app.db.rows import DepartmentRow
from app.domain.department_fields import DEPARTMENT
from app.domain.member_rows import canonical_row
from app.domain.upserts import DepartmentMatchKey
from app.services.departments import DEPARTMENTS
from app.services.lists.results import ListOutcome, RowResult
from app.services.lists.upsert import Upsert
from app.services.upsert_members import MemberRows, UpsertMembersCommand


@dataclass(frozen=True, slots=True, kw_only=True)
class UpsertDepartmentsCommand(UpsertMembersCommand):
    """A list of departments to upsert."""

    match_by: DepartmentMatchKey = DepartmentMatchKey.NAME
    canonical_row = staticmethod(partial(canonical_row, DEPARTMENT))


@dataclass(frozen=True, slots=True)
class DepartmentResult(RowResult):
    """The result of a row."""

    department: DepartmentRow | None = None

    @property
    def shown(self) -> DepartmentRow | None:
        """The stored department; None if there is none."""
        return self.department


@dataclass(frozen=True, slots=True)
class UpsertDepartmentsOutcome(ListOutcome):
    """The results of all rows, in order."""

    results: tuple[DepartmentResult, ...]


_ROWS = MemberRows(DEPARTMENTS, dict.fromkeys(DEPARTMENT.fields) | {"is_default": False, "is_active": True})
upsert_departments = Upsert(UpsertDepartmentsOutcome, DepartmentResult, _ROWS.decide, _ROWS.write)
"""Upserts a list of departments."""
