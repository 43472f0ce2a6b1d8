"""The import of departments."""

from app.cli.import_members import Members
from app.domain.department_fields import DEPARTMENT
from app.services.upsert_departments import UPSERT_DEPARTMENTS, UpsertDepartmentsCommand

DEPARTMENTS = Members(
    DEPARTMENT,
    "UpsertDepartmentRow",
    UPSERT_DEPARTMENTS,
    UpsertDepartmentsCommand,
    flags=frozenset({"isDefault", "isActive"}),
    numbers=frozenset({"name", "poNumber", "eanNumber", "postalCode"}),
)
