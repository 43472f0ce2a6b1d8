"""Fixtures for operations: a caller, and rows of its company."""

from uuid import UUID

import pytest

from app.db.database import Database
from tests.graphql.asking import Caller


@pytest.fixture
def caller(database: Database, company: UUID) -> Caller:
    """Someone of the test's own company who may do everything."""
    return Caller(database, company)
