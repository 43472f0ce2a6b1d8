"""What runs in production: from an empty database to every root field, with every kind of credential, and nothing but
JSON logged."""

import http.client
import json
import re
import secrets
import socket
import time
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from graphql import OperationDefinitionNode, parse, validate
from graphql.language.ast import FieldNode
from prometheus_client.parser import text_string_to_metric_families

from app.domain.identity import Scope
from app.graphql.schema import executable, schema
from tests.deployed.client import Client
from tests.deployed.companies import Company, new_company
from tests.deployed.deployment import Deployment, Served, address_of, token
from tests.deployed.operations import MUTATIONS, QUERIES, Operation, filled, make_everything
from tests.support.trust import TRUST

READ = tuple(scope for scope in Scope if scope.endswith("-read"))
WRITE = tuple(scope for scope in Scope if scope.endswith("-write"))
KINDS = ("api-key", "token")
pytestmark = pytest.mark.usefixtures("migrated")


@pytest.fixture(scope="module")
def company(deployment: Deployment) -> Company:
    """One for the tests that don't need it to be empty."""
    return new_company(deployment, "Acme A/S")


@pytest.fixture(scope="module", params=["1", "2"], ids=["1 worker", "2 workers"])
def served(deployment: Deployment, request: pytest.FixtureRequest) -> Generator[Served]:
    """The service with metrics; the explorer is turned on in the first one alone."""
    explorer = {"EXPLORER": "true"} if request.param == "1" else {}
    with deployment.serving(WORKERS=request.param, METRICS="true", **explorer) as served:
        yield served


def root_fields(operations: tuple[Operation, ...]) -> Iterator[str]:
    for operation in operations:
        (definition,) = parse(operation.document).definitions
        assert isinstance(definition, OperationDefinitionNode)
        yield from (
            selection.name.value
            for selection in definition.selection_set.selections
            if isinstance(selection, FieldNode)
        )


def test_the_operations_below_are_all_that_the_schema_has() -> None:
    built = executable(schema)
    assert built.query_type is not None
    assert built.mutation_type is not None
    assert set(root_fields(QUERIES)) == set(built.query_type.fields)
    assert set(root_fields(MUTATIONS)) == set(built.mutation_type.fields)
    for operation in (*QUERIES, *MUTATIONS):
        assert validate(built, parse(operation.document)) == [], operation.document


def test_migrating_again_changes_nothing(deployment: Deployment, migrated: str) -> None:
    assert 'Created the role "customer_gateway".' in migrated
    code, printed, _ = deployment.attempt("migrate")
    assert (code, printed) == (
        0,
        migrated.replace(
            'Created the role "customer_gateway".', 'Granted the service\'s rights to the role "customer_gateway".'
        ),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_company_is_filled_and_read_with_one_credential(
    deployment: Deployment, served: Served, kind: str
) -> None:
    company = new_company(deployment, f"Filled with an {kind}")
    with Client(served.url, company.credential(kind, *Scope)) as client:
        made = make_everything(client)
        for query in QUERIES:
            (value,) = client.data(query.document, filled(query, made)).values()
            assert value, query.document


@pytest.mark.parametrize("kind", KINDS)
def test_a_credential_that_may_only_read_or_only_write_does_just_that(
    company: Company, served: Served, kind: str
) -> None:
    create, number = MUTATIONS[0].document, secrets.token_hex(4)
    rows = {"input": {"rows": [{"number": number, "name": "Sales"}]}}
    with (
        Client(served.url, company.credential(kind, *READ)) as reader,
        Client(served.url, company.credential(kind, *WRITE)) as writer,
    ):
        assert reader.codes(create, rows) == ["FORBIDDEN"]
        assert number not in str(reader.data("{ ledgerAccounts { number } }"))
        assert writer.data(create, rows)["upsertLedgerAccounts"]["results"][0]["outcome"] == "CREATED"
        assert writer.codes("{ customers { totalCount } }") == ["FORBIDDEN"]
        assert number in str(reader.data("{ ledgerAccounts { number } }"))


def test_a_revoked_key_and_a_foreign_token_are_rejected(company: Company, served: Served) -> None:
    good = {"authorization": f"Bearer {token(company.id, *READ)}"}
    refused = {
        "UNAUTHENTICATED": {},
        "API_KEY_NOT_ACCEPTED": {"x-api-key": f"cgk_{'A' * 43}"},
        "TOKEN_NOT_ACCEPTED": {"authorization": "Bearer a.b.c"},
        "TOKEN_EXPIRED": {"authorization": f"Bearer {token(company.id, *READ, exp=1, iat=0)}"},
        "CREDENTIALS_MALFORMED": {**good, "x-api-key": f"cgk_{'A' * 43}"},
    }
    for code, headers in refused.items():
        with Client(served.url, headers) as client:
            response = client.post("{ viewer { subject } }")
            assert response.status_code == 401
            assert [error["extensions"]["code"] for error in response.json()["errors"]] == [code]
            assert "www-authenticate" in response.headers


def test_a_key_that_is_revoked_is_rejected_once_it_is_forgotten(deployment: Deployment, served: Served) -> None:
    company = new_company(deployment, "Refusing")
    with Client(served.url, company.credential("api-key", *READ)) as client:
        client.data("{ viewer { subject } }")
        (listed,) = deployment.command("api-key", "list", "--company", company.id).splitlines()
        deployment.command("api-key", "revoke", "--company", company.id, listed.split()[0])
        deadline = time.monotonic() + 30
        while (response := client.post("{ viewer { subject } }")).status_code == 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert response.status_code == 401


def test_every_class_of_error_is_answered_as_documented(company: Company, served: Served) -> None:
    with httpx.Client(base_url=served.url, headers=company.credential("api-key", *Scope), verify=TRUST) as client:
        accept, json_type = {"accept": "application/graphql-response+json"}, {"content-type": "application/json"}
        query = {"query": "{ viewer { subject } }"}
        answers = {
            (404, "NOT_FOUND"): client.get("/nothing"),
            (405, "METHOD_NOT_ALLOWED"): client.put("/graphql", json={}),
            (406, "NOT_ACCEPTABLE"): client.post("/graphql", json=query, headers={"accept": "image/png"}),
            (413, "PAYLOAD_TOO_LARGE"): client.post("/graphql", content=b" " * 1_000_001, headers=json_type),
            (415, "UNSUPPORTED_MEDIA_TYPE"): client.post("/graphql", content=b"{}", headers={"content-type": "a/b"}),
            (400, "BAD_REQUEST"): client.post("/graphql", content=b"{", headers=json_type),
            (400, "GRAPHQL_PARSE_FAILED"): client.post("/graphql", json={"query": "{"}, headers=accept),
            (400, "GRAPHQL_VALIDATION_FAILED"): client.post("/graphql", json={"query": "{ no }"}, headers=accept),
            (200, "INVALID_CURSOR"): client.post(
                "/graphql", json={"query": '{ customers(after: "x") { totalCount } }'}, headers=accept
            ),
        }
        for (status, code), response in answers.items():
            shown = [error["extensions"]["code"] for error in response.json()["errors"]]
            assert (response.status_code, shown) == (status, [code])
            assert response.headers["x-request-id"]


def test_a_rejection_of_input_is_data(company: Company, served: Served) -> None:
    with Client(served.url, company.credential("token", *Scope)) as client:
        rows = [{"number": " ", "name": "x" * 256}]
        payload = client.data(MUTATIONS[0].document, {"input": {"rows": rows}})["upsertLedgerAccounts"]
        assert {tuple(error["path"]) for error in payload["errors"]} == {
            ("input", "rows", "0", "number"),
            ("input", "rows", "0", "name"),
        }


def test_what_was_answered_is_counted_and_logged(company: Company, served: Served) -> None:
    before, name = settled(served), f"Counted{secrets.token_hex(4)}"
    with Client(served.url, company.credential("api-key", *READ)) as client:
        for _ in range(20):
            client.data(f"query {name} {{ viewer {{ subject }} }}")
    deadline = time.monotonic() + 10
    # An operation is counted after its answer was sent, maybe by the other worker.
    while counted(served) - before < 20:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert counted(served) - before == 20
    while len(lines := [line for line in served.lines() if line.get("name") == name]) < 20:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert [(line["company"], line["status"], line["codes"]) for line in lines] == [(company.id, 200, [])] * 20
    assert all(re.fullmatch(r"api-key:[0-9a-f-]{36}", line["subject"]) for line in lines)


def counted(served: Served) -> float:
    """Operations that were answered with 200, of all workers."""
    families = text_string_to_metric_families(httpx.get(f"{served.url}/metrics", verify=TRUST).text)
    operations = (family for family in families if family.name == "customer_gateway_operations")
    return sum(sample.value for family in operations for sample in family.samples if sample.labels["status"] == "200")


def settled(served: Served) -> float:
    """The same, once those that other tests have asked for are counted."""
    before, now = -1.0, counted(served)
    while now != before:
        time.sleep(0.3)
        before, now = now, counted(served)
    return now


def test_the_start_says_how_it_serves(served: Served) -> None:
    (line,) = [line for line in served.lines() if line["event"] == "serving"]
    assert line["level"] == "info"
    assert line["workers"] in {1, 2}
    assert line["database_tls"].startswith("TLSv1.")
    assert line["credentials"] == ["tokens by JWKS", "API keys"]
    assert (line["metrics"], line["whole_requests"], line["changed_limits"]) == (True, True, {})


@pytest.mark.parametrize("kind", KINDS)
def test_requests_that_arrive_whole_are_answered_on_one_connection(company: Company, served: Served, kind: str) -> None:
    # httpx sends headers and body separately, so its requests are left to the parser.
    query, create = "{ ledgerAccounts { number } }", MUTATIONS[0].document
    numbers = [secrets.token_hex(4) for _ in range(5)]
    address = urlsplit(served.url)
    with socket.create_connection((str(address.hostname), address.port or 0), 30) as connection:

        def ask(document: str, variables: dict[str, Any]) -> Any:
            body = json.dumps({"query": document, "variables": variables}).encode()
            headers = {
                "Host": address.netloc,
                "Content-Type": "application/json",
                "Content-Length": str(len(body)),
                **company.credential(kind, *Scope),
            }
            lines = [f"{name}: {value}" for name, value in headers.items()]
            connection.sendall("\r\n".join(["POST /graphql HTTP/1.1", *lines, "", ""]).encode() + body)
            response = http.client.HTTPResponse(connection, method="POST")
            response.begin()
            assert (response.status, response.will_close) == (200, False)
            return json.loads(response.read())["data"]

        for number in numbers:
            rows = {"input": {"rows": [{"number": number, "name": "Sales"}]}}
            assert ask(create, rows)["upsertLedgerAccounts"]["results"][0]["outcome"] == "CREATED"
            assert {"number": number} in ask(query, {})["ledgerAccounts"]
    with Client(served.url, company.credential(kind, *READ)) as client:
        assert set(numbers) <= {account["number"] for account in client.data(query)["ledgerAccounts"]}


def test_health_needs_no_credential(served: Served) -> None:
    for path in ("/livez", "/readyz", "/"):
        assert httpx.get(f"{served.url}{path}", verify=TRUST).status_code == 200


def test_the_explorer_is_served_where_it_is_turned_on(served: Served, request: pytest.FixtureRequest) -> None:
    page = httpx.get(f"{served.url}/graphql", headers={"accept": "text/html"}, verify=TRUST)
    if "2 workers" in request.node.name:
        # As for any other client without a credential.
        assert (page.status_code, page.headers["content-type"]) == (401, "application/json; charset=utf-8")
        return
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    scripts = re.findall(r'src="\.(/explorer/[^"]+)"', page.text)
    assert scripts, "the wheel was built without the explorer"
    for script in scripts:
        assert httpx.get(f"{served.url}{script}", verify=TRUST).status_code == 200


def test_api_keys_and_passwords_from_files_suffice(deployment: Deployment, company: Company, tmp_path: Path) -> None:
    variables = dict.fromkeys(("JWT_JWKS_URL", "JWT_ISSUER", "JWT_AUDIENCE"), "")
    for name in ("POSTGRES_PASSWORD", "SERVICE_PASSWORD"):
        path = tmp_path / name
        path.write_text(f"{deployment.variables[name]}\n")
        variables |= {name: "", f"{name}_FILE": str(path)}
    assert company.id in deployment.command("company", "list", **variables)
    with deployment.serving(**variables) as served:
        with Client(served.url, company.credential("api-key", *READ)) as client:
            assert client.data("{ viewer { company { name } } }") == {"viewer": {"company": {"name": "Acme A/S"}}}
        with Client(served.url, company.credential("token", *READ)) as client:
            assert client.codes("{ viewer { subject } }") == ["TOKEN_NOT_ACCEPTED"]
        assert httpx.get(f"{served.url}/metrics", verify=TRUST).status_code == 404


def test_one_worker_needs_no_folder_and_several_with_metrics_say_what_to_mount(
    deployment: Deployment, tmp_path: Path
) -> None:
    alone = replace(deployment.declared("service", WORKERS="1", METRICS="true"), tmpfs=())
    with deployment.sandbox.running(alone, tmp_path / "alone.log") as running:
        served = Served(address_of(alone), running, tmp_path / "alone.log")
        served.wait()
        assert httpx.get(f"{served.url}/metrics", verify=TRUST).status_code == 200
    together = replace(deployment.declared("service", WORKERS="2", METRICS="true"), tmpfs=())
    refused = deployment.sandbox.run(together)
    assert refused.returncode == 2
    assert len(refused.stderr.splitlines()) == 1
    assert "PROMETHEUS_MULTIPROC_DIR" in refused.stderr
