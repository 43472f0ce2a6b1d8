"""The import of departments."""

from app.cli.import_members import ImportedMembers
from app.domain.department_fields import DEPARTMENT
from app.services.upsert_departments import UpsertDepartmentsCommand, upsert_departments

DEPARTMENTS = ImportedMembers(
    DEPARTMENT,
    "UpsertDepartmentRow",
    UpsertDepartmentsCommand,
    upsert_departments,
    flags=frozenset({"isDefault", "isActive"}),
    numbers=frozenset({"name", "poNumber", "eanNumber", "postalCode"}),
)
