"""Upsert a list of departments."""

from dataclasses import dataclass, replace
from typing import Self

from app.db.rows import DepartmentRow
from app.domain.department_fields import DEPARTMENT
from app.domain.member_rows import canonical_row
from app.domain.upserts import DepartmentMatchKey
from app.services.departments import DEPARTMENTS
from app.services.row_results import RowResult
from app.services.upsert_members import UpsertMembersCommand, Upserts


@dataclass(frozen=True)
class UpsertDepartmentsCommand(UpsertMembersCommand):
    """A list of departments to upsert."""

    match_by: DepartmentMatchKey = DepartmentMatchKey.NAME

    @property
    def canonical(self) -> Self:
        """The command with every row in its stored form."""
        return replace(self, rows=tuple(canonical_row(DEPARTMENT, row) for row in self.rows))


@dataclass(frozen=True, slots=True)
class DepartmentResult(RowResult):
    """The result of a row."""

    department: DepartmentRow | None = None
    """The stored department; None if there is none."""

    @property
    def shown(self) -> DepartmentRow | None:
        """The stored row."""
        return self.department


@dataclass(frozen=True, slots=True)
class UpsertDepartmentsOutcome:
    """The results of all rows, in order."""

    results: tuple[DepartmentResult, ...]


UPSERT_DEPARTMENTS = Upserts(
    DEPARTMENTS,
    UpsertDepartmentsOutcome,
    DepartmentResult,
    dict.fromkeys(DEPARTMENT.fields) | {"is_default": False, "is_active": True},
)
