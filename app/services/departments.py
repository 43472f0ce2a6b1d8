"""Creating, changing and removing departments."""

from app.db import members as stored
from app.db.rows import DepartmentRow
from app.domain.department_fields import DEPARTMENT
from app.services.commands import Command
from app.services.members import MemberOutcome, MemberService


class CreateDepartmentCommand(Command):
    """A department to create."""


class UpdateDepartmentCommand(Command):
    """A department to change."""


class DeleteDepartmentCommand(Command):
    """A department to remove."""


DEPARTMENTS = MemberService(DEPARTMENT, stored.DEPARTMENTS, MemberOutcome[DepartmentRow])
