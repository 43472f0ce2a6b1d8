"""The documents of the endpoints: each is used, fits the schema, and is a trusted document."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from graphql import OperationDefinitionNode, parse

from app.engine.persisted import NamedDocument
from app.engine.trusted import is_document_id
from app.rest.documents import TEXTS, TRUSTED
from app.rest.endpoints import ENDPOINTS
from app.rest.routing import PREFIX
from app.settings import Settings
from app.web.development import DevelopmentKeys
from app.web.engine import engine_of, planner_of
from tests.rest.calling import error_of
from tests.support.records import Records
from tests.support.started import headers_of, settings_of, started


def test_every_document_belongs_to_one_endpoint_and_names_its_operation() -> None:
    assert sorted(endpoint.document for endpoint in ENDPOINTS) == sorted(TEXTS)
    names = [
        definition.name.value
        for text in TEXTS.values()
        for definition in parse(text).definitions
        if isinstance(definition, OperationDefinitionNode) and definition.name
    ]
    assert len({*names}) == len(ENDPOINTS)
    assert all(name.startswith("Rest") for name in names)


def test_every_endpoint_has_a_method_and_path_of_its_own() -> None:
    assert len({(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}) == len(ENDPOINTS)
    assert all(endpoint.path.startswith(PREFIX) for endpoint in ENDPOINTS)


def test_ids_of_documents_are_valid() -> None:
    assert all(map(is_document_id, TRUSTED))


@pytest.mark.parametrize("rest", [True, False])
def test_the_engine_knows_the_documents_also_if_rest_is_turned_off(*, rest: bool) -> None:
    settings = Settings(rest=rest)
    engine = engine_of(settings, planner_of(settings))

    assert [document_id for document_id, error in engine.check_trusted() if error is None] == [*TRUSTED]
    assert engine.prepare(NamedDocument("x-rest:customer"))


async def test_endpoints_and_their_documents_work_where_only_trusted_documents_run(
    service_dsn: str, records: Records, company: UUID, tmp_path: Path
) -> None:
    keys, manifest = DevelopmentKeys(tmp_path / "keys"), tmp_path / "manifest.json"
    documents = {"a": "{ viewer { subject } }"}
    manifest.write_text(
        json.dumps({"format": "customer-gateway-trusted-documents", "version": 1, "documents": documents})
    )
    settings = settings_of(service_dsn, keys, trusted_documents_file=manifest, trusted_only=True)
    customer_id = str(await records.customer(name="Nordlys"))
    async with started(settings, {**headers_of(keys, company), "accept": "application/json"}) as client:
        read = await client.get(f"/v1/customers/{customer_id}")
        named = {"documentId": "x-rest:customer", "variables": {"id": customer_id}}
        asked = await client.post("/graphql", json=named)
        missing = await client.get("/v1/customers/0")

    assert read.json()["name"] == asked.json()["data"]["customer"]["name"] == "Nordlys"
    error_of(missing, 404, "CUSTOMER_NOT_FOUND")
