"""REST as it runs in production: two workers, a role that owns nothing, JSON logs and metrics, with keys and tokens."""

import re
import secrets
import time
from collections.abc import Callable, Generator
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.domain.identity import Scope
from tests.deployed.client import Client
from tests.deployed.companies import Company, new_company
from tests.deployed.deployment import Deployment, Served, token
from tests.support.commands import ROOT
from tests.support.rest import place_of
from tests.support.trust import TRUST

KINDS = ("api-key", "token")
CUSTOMERS = "/v1/customers"
ACCOUNTS = "mutation($input: UpsertLedgerAccountsInput!) { upsertLedgerAccounts(input: $input) { results { ledgerAccount { id } } } }"
GROUP = "mutation($input: CreateCustomerGroupInput!) { createCustomerGroup(input: $input) { customerGroup { id } } }"
SUBSCRIPTIONS = "mutation($input: UpsertSubscriptionsInput!) { upsertSubscriptions(input: $input) { results { subscription { id } } } }"
pytestmark = pytest.mark.usefixtures("migrated")


@pytest.fixture(scope="module")
def served(deployment: Deployment) -> Generator[Served]:
    with deployment.serving(WORKERS="2", METRICS="true", EXPLORER="true") as served:
        yield served


@pytest.fixture(scope="module")
def company(deployment: Deployment) -> Company:
    return new_company(deployment, "REST A/S")


@pytest.fixture(scope="module")
def group(company: Company, served: Served) -> str:
    """A customer group, which REST has no endpoint to create."""
    with Client(served.url, company.credential("token", *Scope)) as client:
        rows = {"input": {"rows": [{"number": "1010", "name": "Sales"}]}}
        account = client.data(ACCOUNTS, rows)["upsertLedgerAccounts"]["results"][0]["ledgerAccount"]["id"]
        made = client.data(GROUP, {"input": {"number": "1", "name": "Everyone", "accountId": account}})
        return made["createCustomerGroup"]["customerGroup"]["id"]


def rest(served: Served, headers: dict[str, str]) -> httpx.Client:
    return httpx.Client(base_url=served.url, headers=headers, timeout=30, verify=TRUST)


def new_customer(group: str, **fields: Any) -> dict[str, Any]:
    required = {"name": "Fjord", "vatZone": "domestic", "countryCode": "DK", "defaultCurrency": "DKK"}
    return {**required, "customerGroupId": group, **fields}


@pytest.mark.parametrize("kind", KINDS)
def test_a_customer_is_created_read_changed_and_listed(company: Company, served: Served, group: str, kind: str) -> None:
    number = secrets.token_hex(4)
    with rest(served, company.credential(kind, *Scope)) as client:
        key = {"idempotency-key": secrets.token_hex(8)}
        # Repeated, perhaps by the other worker.
        first, again = [
            client.post(CUSTOMERS, json=new_customer(group, customerNumber=number), headers=key) for _ in "ab"
        ]
        assert (first.status_code, first.json()["customerNumber"]) == (201, number)
        assert (again.status_code, again.content) == (201, first.content)
        path = place_of(first)
        assert path == f"{CUSTOMERS}/{first.json()['id']}"
        read = client.get(path)
        assert (read.status_code, read.json()["name"], read.headers["cache-control"]) == (200, "Fjord", "no-store")
        unchanged = client.get(path, headers={"if-none-match": read.headers["etag"]})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        changed = client.patch(path, json={"creditLimit": 12.5}, headers={"if-match": read.headers["etag"]})
        assert changed.status_code == 200
        assert b'"creditLimit":12.50,' in changed.content
        stale = client.patch(path, json={"name": "Late"}, headers={"if-match": read.headers["etag"]})
        assert (stale.status_code, stale.json()["code"]) == (412, "VERSION_CONFLICT")
        assert client.get(path).content == changed.content
        assert client.get(CUSTOMERS, params={"customerNumber": number}).json() == [changed.json()]
        for below in ("contacts", "departments"):
            assert client.get(f"{path}/{below}").json() == []
        assert [shown["id"] for shown in client.get("/v1/customer-groups").json()] == [group]


def test_a_change_of_the_payer_is_acknowledged_and_carried_out(company: Company, served: Served, group: str) -> None:
    with rest(served, company.credential("token", *Scope)) as client:
        parent, child = [client.post(CUSTOMERS, json=new_customer(group)).json()["id"] for _ in "ab"]
        subscription = subscribed(company, served, child)
        body: dict[str, Any] = {"parentCustomerId": parent, "billingRelationship": "parent_pays"}
        refused = client.patch(f"{CUSTOMERS}/{child}", json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, "SUBSCRIPTION_TRANSITIONS_REQUIRED")
        assert refused.json()["details"]["subscriptionIds"] == [subscription]
        acknowledged = {**body, "subscriptionTransitions": [{"subscriptionId": subscription}]}
        answered = client.patch(f"{CUSTOMERS}/{child}", json=acknowledged)
        assert (answered.status_code, answered.json()["billingRelationship"]) == (200, "parent_pays")


def subscribed(company: Company, served: Served, customer: str) -> str:
    """Mirror a subscription of a customer, and return its id."""
    row = {
        "externalSystemId": secrets.token_hex(4),
        "customer": {"id": customer},
        "name": "Fibernet 1000",
        "status": "ACTIVE",
        "currency": "DKK",
        "netAmount": "300.00",
        "anchorDay": 1,
        "startedOn": "2026-06-01",
        "currentPeriod": {"startsOn": "2026-06-01", "endsOn": "2026-07-01", "netAmount": "300.00"},
    }
    with Client(served.url, company.credential("token", *Scope)) as client:
        (result,) = client.data(SUBSCRIPTIONS, {"input": {"rows": [row]}})["upsertSubscriptions"]["results"]
        return result["subscription"]["id"]


def test_a_long_list_is_streamed_whole(deployment: Deployment, served: Served) -> None:
    other = new_company(deployment, "Many customers")
    with Client(served.url, other.credential("token", *Scope)) as client:
        rows = {"input": {"rows": [{"number": "1010", "name": "Sales"}]}}
        account = client.data(ACCOUNTS, rows)["upsertLedgerAccounts"]["results"][0]["ledgerAccount"]["id"]
        made = client.data(GROUP, {"input": {"number": "1", "name": "Everyone", "accountId": account}})
        group = made["createCustomerGroup"]["customerGroup"]["id"]
        upsert = "mutation($input: UpsertCustomersInput!) { upsertCustomers(input: $input) { errors { code } } }"
        for start in range(0, 1_200, 400):
            customers = [
                {**new_customer(group, customerNumber=str(number)), "vatZone": "DOMESTIC"}
                for number in range(start, start + 400)
            ]
            assert client.data(upsert, {"input": {"matchBy": "CUSTOMER_NUMBER", "rows": customers}}) == {
                "upsertCustomers": {"errors": []}
            }
    with rest(served, other.credential("api-key", *Scope)) as client:
        with client.stream("GET", CUSTOMERS) as response:
            assert response.status_code == 200
            assert "content-length" not in response.headers
            response.read()
        assert [customer["customerNumber"] for customer in response.json()] == [*map(str, range(1_200))]
        page = client.get(CUSTOMERS, params={"limit": 500})
        assert [len(page.json()), page.links["next"]["url"].startswith("?limit=500&after=")] == [500, True]


def test_every_class_of_error_is_answered_in_the_form_of_rest(company: Company, served: Served, group: str) -> None:
    with rest(served, company.credential("api-key", *Scope)) as client:
        taken = client.post(CUSTOMERS, json=new_customer(group, externalSystemId=secrets.token_hex(4)))
        used = client.get(place_of(taken)).json()["externalSystemId"]
        path, text = place_of(taken), {"content-type": "application/json"}
        nobody = f"{CUSTOMERS}/0190a000-0000-7000-8000-00000000dead"
        answers = {
            (400, "SHARED_VALIDATION_FAILED"): client.post(CUSTOMERS, json={"nmae": "Fjord"}),
            (400, "BAD_REQUEST"): client.post(CUSTOMERS, content=b"{", headers=text),
            (404, "CUSTOMER_NOT_FOUND"): client.get(nobody),
            (404, "NOT_FOUND"): client.get("/v1/nothing"),
            (405, "METHOD_NOT_ALLOWED"): client.delete(path),
            (406, "NOT_ACCEPTABLE"): client.get(path, headers={"accept": "image/png"}),
            (409, "EXTERNAL_SYSTEM_ID_ALREADY_EXISTS"): client.post(
                CUSTOMERS, json=new_customer(group, externalSystemId=used)
            ),
            (413, "PAYLOAD_TOO_LARGE"): client.post(CUSTOMERS, content=b" " * 1_000_001, headers=text),
            (415, "UNSUPPORTED_MEDIA_TYPE"): client.post(CUSTOMERS, content=b"{}", headers={"content-type": "a/b"}),
            (422, "PARENT_CUSTOMER_REQUIRED"): client.patch(path, json={"billingRelationship": "parent_pays"}),
        }
        for (status, code), response in answers.items():
            shown = response.json()
            assert (response.status_code, shown["statusCode"], shown["code"]) == (status, status, code), shown
            assert list(shown) == ["statusCode", "timestamp", "path", "message", "code", "details"]
            assert response.headers["x-request-id"]
        assert set(answers[(405, "METHOD_NOT_ALLOWED")].headers["allow"].split(", ")) == {"GET", "HEAD", "PATCH"}


def test_the_endpoints_are_described_without_a_credential(served: Served) -> None:
    with rest(served, {}) as client:
        described = client.get("/v1/openapi.json")
        assert described.text == (ROOT / "openapi.json").read_text()
        unchanged = client.get("/v1/openapi.json", headers={"if-none-match": described.headers["etag"]})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        page = client.get("/v1/docs")
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        scripts = re.findall(r'src="([^"]+)"', page.text)
        assert scripts, "the wheel was built without the page"
        for script in scripts:
            assert client.get(urljoin("/v1/docs", script)).status_code == 200


def test_credentials_are_checked_as_for_graphql(company: Company, served: Served) -> None:
    expired = token(company.id, *Scope, exp=1, iat=0)
    for code, headers in {
        "UNAUTHENTICATED": {},
        "API_KEY_NOT_ACCEPTED": {"x-api-key": f"cgk_{'A' * 43}"},
        "TOKEN_EXPIRED": {"authorization": f"Bearer {expired}"},
    }.items():
        with rest(served, headers) as client:
            response = client.get(CUSTOMERS)
            assert (response.status_code, response.json()["code"]) == (401, code)
            assert "www-authenticate" in response.headers
    for kind in KINDS:
        with rest(served, company.credential(kind, Scope.CUSTOMERS_WRITE)) as client:
            response = client.get(CUSTOMERS)
            assert (response.status_code, response.json()["code"]) == (403, "INSUFFICIENT_PERMISSIONS")
            assert response.json()["details"]["requiredScopes"] == ["customers-read"]


def test_requests_are_logged_and_counted_as_operations(company: Company, served: Served, group: str) -> None:
    before = counted(served, "200"), counted(served, "412")
    with rest(served, company.credential("api-key", *Scope)) as client:
        path = place_of(client.post(CUSTOMERS, json=new_customer(group)))
        request_ids = [client.get(path).headers["x-request-id"] for _ in range(10)]
        late = client.patch(path, json={"name": "Late"}, headers={"if-match": '"99"'}).headers["x-request-id"]
    until(lambda: counted(served, "200") - before[0] >= 10 and counted(served, "412") - before[1] >= 1)
    assert (counted(served, "200") - before[0], counted(served, "412") - before[1]) == (10, 1)
    until(lambda: {*request_ids, late} <= {line.get("request_id") for line in served.lines()})
    lines = {line["request_id"]: line for line in served.lines() if line["event"] == "operation"}
    for request_id in request_ids:
        line = lines[request_id]
        shown = [line[name] for name in ("name", "type", "company", "status", "codes", "execution", "statements")]
        assert shown == ["RestGetCustomer", "query", company.id, 200, [], "planned", 1]
        assert re.fullmatch(r"api-key:[0-9a-f-]{36}", line["subject"])
    line = lines[late]
    assert (line["name"], line["status"], line["codes"]) == ("RestUpdateCustomer", 412, ["VERSION_CONFLICT"])


def until(is_so: Callable[[], bool]) -> None:
    """Wait for it: an operation is counted and logged after its answer was sent, maybe by the other worker."""
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def counted(served: Served, status: str) -> float:
    """Operations that were answered with this status, of all workers."""
    families = text_string_to_metric_families(httpx.get(f"{served.url}/metrics", verify=TRUST).text)
    operations = (family for family in families if family.name == "customer_gateway_operations")
    return sum(sample.value for family in operations for sample in family.samples if sample.labels["status"] == status)


def test_rest_can_be_turned_off(deployment: Deployment, company: Company) -> None:
    with deployment.serving(REST="false") as served:
        with rest(served, company.credential("token", *Scope)) as client:
            for method, path in (("GET", CUSTOMERS), ("POST", CUSTOMERS), ("GET", "/v1/openapi.json")):
                response = client.request(method, path)
                # As any other path that nothing is served at.
                assert (response.status_code, response.json()) == (404, client.get("/nothing").json())
        with Client(served.url, company.credential("token", *Scope)) as client:
            assert client.data("{ viewer { company { name } } }") == {"viewer": {"company": {"name": "REST A/S"}}}
