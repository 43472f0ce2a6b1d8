"""The OpenAPI document: what it says of each endpoint is what the table, the schema and the domain say."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from app.domain.metadata import MAX_ENTRIES, MAX_FILTER_PAIRS, MAX_KEY_CHARACTERS, MAX_VALUE_CHARACTERS
from app.graphql.schema import executable, schema
from app.rest.endpoints import ENDPOINTS, Endpoint
from app.rest.openapi.document import document, text
from app.rest.openapi.errors import RESPONSES
from app.rest.openapi.layout import laid_out
from app.rest.parameters import MAX_LIMIT, Kind
from app.rest.spelling import REST

COMMITTED = Path(__file__).parents[2] / "openapi.json"
SCHEMA = executable(schema)
SPELLED = {name for texts in REST.enumerations.values() for name, text in texts.items() if name != text}
# The code PARENT_CUSTOMER_REQUIRED and others are written in upper case in REST, too.
ENUMERATION = re.compile(r"(?<![A-Z_])(" + "|".join(sorted(SPELLED)) + r")(?![A-Z_])")

Json = dict[str, Any]
DOCUMENT: Json = json.loads(text())
SCHEMAS: Json = DOCUMENT["components"]["schemas"]


def operation(endpoint: Endpoint) -> Json:
    return DOCUMENT["paths"][endpoint.path][endpoint.method.lower()]


def named(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


def nodes(value: object, path: str = "") -> Iterator[tuple[str, Any]]:
    """Return everything in the document, by its path; examples are left out."""
    yield path, value
    if isinstance(value, dict):
        for name, entry in cast("Json", value).items():
            if name not in {"examples", "example", "default"}:
                yield from nodes(entry, f"{path}/{name}")
    elif isinstance(value, list):
        for index, entry in enumerate(cast("list[object]", value)):
            yield from nodes(entry, f"{path}/{index}")


def resolved(found: Json, kind: str = "") -> Json:
    """Return what a reference to a component of this kind refers to; everything else as it is."""
    reference = found.get("$ref", "")
    if not reference.startswith(f"#/components/{kind}"):
        return found
    target: Any = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        target = target[part]
    return target


def test_the_committed_document_is_what_the_code_prints() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == text(), "run `customer-gateway openapi --out openapi.json`"


def test_the_document_is_the_same_each_time_it_is_made() -> None:
    assert laid_out(document()) + "\n" == text()


def test_the_text_is_json_of_short_lines_except_long_texts() -> None:
    assert laid_out(json.loads(text(), parse_float=Decimal)) + "\n" == text()
    long = [line for line in text().splitlines() if len(line) > 120]
    assert [line for line in long if not re.search(r'": ".{40,}",?$', line)] == []


def test_it_has_the_endpoints_of_the_table_and_no_others() -> None:
    found = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert found == {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}
    ids = [operation(endpoint)["operationId"] for endpoint in ENDPOINTS]
    assert len({*ids}) == len(ids)


OF_ONE_LENGTH = re.compile(r"\^\[[^]]+\]\{(\d+)\}\$")
"""A pattern of texts that all have the same length."""
DESCRIBED = re.compile(
    r"/(parameters/\d+|properties/\w+|securitySchemes/\w+|requestBody|responses/\w+)$"
    r"|^/tags/\d+$|^/paths/[^$]+/(get|post|patch)$|^/components/(schemas|responses|headers)/[\w-]+$"
)
"""The paths of everything that is to have a description. What refers to a response has it there."""


def test_everything_is_described() -> None:
    found: dict[str, Json] = {path: value for path, value in nodes(DOCUMENT) if DESCRIBED.search(path)}
    undescribed = [path for path, value in found.items() if not resolved(value, "responses").get("description")]
    assert len(found) > 80
    assert undescribed == []


def test_descriptions_speak_of_values_as_rest_writes_them() -> None:
    described = {path: found for path, found in nodes(DOCUMENT) if path.endswith("/description")}
    assert len(described) > 40
    assert {path: found for path, found in described.items() if ENUMERATION.search(found)} == {}
    assert {path: found for path, found in described.items() if "metadataSet" in found} == {}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=named)
def test_an_endpoint_has_its_parameters_and_no_others(endpoint: Endpoint) -> None:
    found = {(taken["in"], taken["name"]): taken for taken in operation(endpoint)["parameters"]}
    declared = {(parameter.location, parameter.name): parameter for parameter in endpoint.parameters}
    assert {key for key in found if key[0] != "header"} == {*declared}
    for key, parameter in declared.items():
        assert found[key]["required"] is (parameter.location == "path")
        if parameter.kind is Kind.COUNT:
            assert (found[key]["schema"]["minimum"], found[key]["schema"]["maximum"]) == (1, MAX_LIMIT)
        if parameter.kind is Kind.PAIRS:
            assert (found[key]["style"], found[key]["schema"]["maxProperties"]) == ("deepObject", MAX_FILTER_PAIRS)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=named)
def test_an_endpoint_has_a_response_for_each_status_with_a_schema_and_an_example(endpoint: Endpoint) -> None:
    responses: Json = operation(endpoint)["responses"]
    assert str(endpoint.shown.status) in responses
    assert {"401", "403", "500", "503"} <= responses.keys()
    for status, response in responses.items():
        content = resolved(response).get("content", {}).get("application/json")
        assert (content is None) is (status in {"204", "304"}), status
        if content is not None:
            assert content["schema"], status


@pytest.mark.parametrize("endpoint", [endpoint for endpoint in ENDPOINTS if endpoint.body], ids=named)
def test_a_body_has_the_fields_of_the_table_and_nothing_else(endpoint: Endpoint) -> None:
    assert endpoint.body is not None
    taken = resolved(operation(endpoint)["requestBody"]["content"]["application/json"]["schema"])
    assert sorted(taken["properties"]) == sorted(endpoint.body.fields)
    assert taken["additionalProperties"] is False


def test_an_object_that_is_shown_has_the_descriptions_of_its_type() -> None:
    fields = cast("Any", SCHEMA.type_map["Customer"]).fields
    shown = SCHEMAS["Customer"]["properties"]
    assert {*shown} <= {*fields}
    assert shown["email"]["description"] == fields["email"].description
    assert shown["email"]["type"] == ["string", "null"]
    assert shown["name"]["type"] == "string"
    assert SCHEMAS["Customer"]["required"] == [*shown]
    assert "version" not in shown
    assert "notes" not in shown


def test_enumerations_have_the_values_that_rest_writes() -> None:
    assert SCHEMAS["BillingRelationship"]["enum"] == ["self", "parent_pays"]
    assert SCHEMAS["CustomerType"]["enum"] == ["BUSINESS", "PRIVATE"]
    assert "- `parent_pays`: The parent customer" in SCHEMAS["BillingRelationship"]["description"]


def test_only_a_new_customer_has_defaults() -> None:
    created, updated = SCHEMAS["CreateCustomer"]["properties"], SCHEMAS["UpdateCustomer"]["properties"]
    for name in ("customerType", "isActive", "billingRelationship", "includeChildDetailsPdf"):
        default = json.dumps(created[name]["default"]).strip('"')
        assert f"; {default} if left out. Not null." in created[name]["description"]
        assert "left out" not in updated[name]["description"]
        assert "default" not in updated[name]
    assert [path for path, found in nodes(DOCUMENT) if "a new customer" in str(found) and "/description" in path] == []


def test_parameters_and_headers_have_the_limits_that_the_service_enforces() -> None:
    lists = {taken["name"]: taken["schema"] for taken in DOCUMENT["paths"]["/v1/customers"]["get"]["parameters"]}
    created = {taken["name"]: taken["schema"] for taken in DOCUMENT["paths"]["/v1/customers"]["post"]["parameters"]}
    key = re.compile(created["Idempotency-Key"]["pattern"])
    # A cursor of a list, such as those in `Link`.
    cursor = lists["after"]

    assert lists["customerNumber"]["maxLength"] == lists["externalSystemId"]["maxLength"] == 255
    assert lists["metadata"]["additionalProperties"]["maxLength"] == MAX_VALUE_CHARACTERS
    assert [bool(key.search("k" * length)) for length in (0, 1, 255, 256)] == [False, True, True, False]
    assert [bool(key.search(f'"{"k" * length}"')) for length in (0, 1, 255, 256)] == [False, True, True, False]
    assert created["Idempotency-Key"]["maxLength"] == len('""') + 255
    assert cursor["minLength"] > len("0")
    assert re.search(cursor["pattern"], "hzPIzkdx4i17eyJ2IjoyLCJ_-w")
    assert not re.search(cursor["pattern"], "a cursor")


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=named)
def test_each_endpoint_that_can_answer_412_says_so(endpoint: Endpoint) -> None:
    # A creation rejects If-Match; lists and objects are read only if they have one of its tags.
    assert ("412" in operation(endpoint)["responses"]) is (endpoint.method != "POST")


def test_responses_of_reads_say_only_of_changes_that_nothing_is_written() -> None:
    reads = {
        status for endpoint in ENDPOINTS if endpoint.method == "GET" for status in operation(endpoint)["responses"]
    }
    told = [response.description for status, response in RESPONSES.items() if str(status) in reads]
    told = [description for description in told if "othing is written" in description]

    assert len(told) == 2
    assert all(description.endswith("If the request is a change, nothing is written.") for description in told)


def test_the_lengths_of_a_text_are_those_of_its_pattern() -> None:
    found = dict(nodes(DOCUMENT))
    patterns = {path: OF_ONE_LENGTH.fullmatch(value) for path, value in found.items() if path.endswith("/pattern")}
    lengths = {path.removesuffix("/pattern"): int(match[1]) for path, match in patterns.items() if match}

    # Countries, currencies and EANs, those that are taken and those that are shown.
    assert {*lengths.values()} == {2, 3, 13}
    for path, length in lengths.items():
        assert (found[path]["minLength"], found[path]["maxLength"]) == (length, length), path


def test_metadata_has_the_limits_of_the_domain() -> None:
    metadata = SCHEMAS["Metadata"]
    assert metadata["maxProperties"] == MAX_ENTRIES
    assert metadata["propertyNames"]["maxLength"] == MAX_KEY_CHARACTERS
    assert metadata["additionalProperties"]["maxLength"] == MAX_VALUE_CHARACTERS


def test_every_error_has_one_form() -> None:
    assert SCHEMAS["Error"]["required"] == ["statusCode", "timestamp", "path", "message", "code", "details"]
    for response in DOCUMENT["components"]["responses"].values():
        assert response["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Error"}
    assert len(DOCUMENT["components"]["responses"]) == len(RESPONSES)


def test_every_reference_leads_somewhere_and_every_component_is_referred_to() -> None:
    references = {found for path, found in nodes(DOCUMENT) if path.endswith("/$ref")}
    components = {
        f"#/components/{kind}/{name}"
        for kind, found in DOCUMENT["components"].items()
        if kind != "securitySchemes"
        for name in found
    }
    assert references <= components
    used = components - references
    # Of an endpoint that isn't there, such as a body's.
    assert {name for name in used if "/schemas/" in name or "/headers/" in name} == set()
