"""Create, update and delete departments."""

from dataclasses import replace
from typing import Self

from app.db import members as stored
from app.db.rows import DepartmentRow
from app.domain.department_fields import DEPARTMENT
from app.domain.events import EventType
from app.domain.members import canonical
from app.services.commands import Command
from app.services.members import MemberOutcome, MemberService
from app.services.recording import Recording


class _DepartmentCommand(Command):
    @property
    def canonical(self) -> Self:
        return replace(self, given=canonical(DEPARTMENT, self.given))


class CreateDepartmentCommand(_DepartmentCommand):
    """A department to create."""


class UpdateDepartmentCommand(_DepartmentCommand):
    """A department to update."""


class DeleteDepartmentCommand(_DepartmentCommand):
    """A department to delete."""


DEPARTMENTS = MemberService(
    DEPARTMENT,
    stored.DEPARTMENTS,
    MemberOutcome[DepartmentRow],
    Recording(
        ("customer_id", *DEPARTMENT.fields),
        EventType.DEPARTMENT_CREATED,
        EventType.DEPARTMENT_UPDATED,
        identity="customer_id",
        deleted=EventType.DEPARTMENT_DELETED,
        owner="customer_id",
    ),
)
