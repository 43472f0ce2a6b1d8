"""The tour of the explorer: each of its documents, sent over HTTP to the demo data, answers what its comments
promise."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from app.db.seed import demo_company_id, seed
from app.domain.identity import Scope
from app.web.development import AUDIENCE, ISSUER, DevelopmentKeys
from tests.support.commands import free_port, running, wait_for_text
from tests.support.databases import new_database, same_database
from tests.support.sse import following
from tests.support.tour import FOLDER, TOUR
from tests.support.trust import TRUST


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def client(
    server_dsn: str, template: str, service_dsn: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[httpx.Client]:
    """A client of a service that serves the demo data, with a token of the first demo company."""
    folder, port = tmp_path_factory.mktemp("tour"), free_port()
    keys = DevelopmentKeys(folder / "keys")
    async with new_database(server_dsn, template) as dsn:
        await seed(dsn, companies=1, customers=60, seed=1, progress=lambda _done, _total: None)
        environment = {
            "DATABASE_URL": same_database(service_dsn, dsn),
            "JWT_PUBLIC_KEY_FILE": str(keys.public_key_file),
            "JWT_ISSUER": ISSUER,
            "JWT_AUDIENCE": AUDIENCE,
        }
        token = keys.mint(demo_company_id(), list(Scope), "visitor", timedelta(hours=1))
        headers = {"authorization": f"Bearer {token}"}
        with running("serve", "--port", str(port), output=folder / "output", **environment) as process:
            wait_for_text(process, folder / "output", "startup complete")
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60, verify=TRUST) as opened:
                yield opened


def sent(client: httpx.Client, operation: str, **changes: Any) -> dict[str, Any]:
    """The data of one operation, run with its document's variables, and with these instead of some."""
    (stop,) = [candidate for candidate in TOUR if operation in candidate.operations]
    body = {"query": stop.text, "variables": {**stop.variables, **changes}, "operationName": operation}
    response = client.post("/graphql", json=body)
    answer = response.json()
    assert (response.status_code, list(answer)) == (200, ["data"]), answer
    return answer["data"]


def variables_of(operation: str) -> dict[str, Any]:
    (stop,) = [candidate for candidate in TOUR if operation in candidate.operations]
    return stop.variables


def test_the_tour_has_seven_stops_each_explained_in_narrow_comments() -> None:
    assert [stop.operations for stop in TOUR] == [
        ["OneCustomer"],
        ["PagesAndFilters"],
        ["CreateACustomer"],
        ["PreviewTheChange", "MakeTheChange"],
        ["AsAGateway"],
        ["FollowACustomer"],
        ["ChangeTheCustomer"],
    ]
    assert [stop.name for stop in TOUR if stop.is_live] == ["6-follow-a-customer"]
    assert len(list(FOLDER.iterdir())) == 2 * len(TOUR)
    for stop in TOUR:
        assert stop.text.startswith("# ")
        # The editor is as wide as half a window.
        assert max(len(line) for line in stop.text.splitlines()) <= 62, stop.name


def test_one_customer_comes_with_everything_nested(client: httpx.Client) -> None:
    customer = sent(client, "OneCustomer")["customer"]

    assert (customer["name"], customer["group"]["name"]) == ("Nordlys Ærø ApS", "Erhverv")
    assert "Nordlys Ærø ApS" in [child["name"] for child in customer["parent"]["children"]["nodes"]]
    assert min(len(customer[edge]) for edge in ("contacts", "departments", "subscriptions")) >= 2
    assert customer["subscriptions"][0]["periods"][0]["payer"]["name"] == "Nordlys Gruppen A/S"
    assert sent(client, "OneCustomer", by={"externalSystemId": "crm-1002"})["customer"] == customer


def test_pages_follow_each_other_and_filters_hold(client: httpx.Client) -> None:
    first = sent(client, "PagesAndFilters")["customers"]
    second = sent(client, "PagesAndFilters", after=first["pageInfo"]["endCursor"])

    assert first["pageInfo"]["hasNextPage"] is True
    assert first["totalCount"] > 2
    names = [node["name"] for page in (first, second["customers"]) for node in page["nodes"]]
    assert len(set(names)) == 4
    assert {node["metadata"]["segment"] for node in first["nodes"]} == {"small"}
    found = {node["name"] for node in second["nordlysWithoutParent"]["nodes"]}
    assert {"Nordlys Gruppen A/S", "Havblik Kaffe ApS"} <= found
    assert "Nordlys Ærø ApS" not in found


def test_creating_shows_every_reason_and_succeeds_once_they_are_mended(client: httpx.Client) -> None:
    given = variables_of("CreateACustomer")["input"]
    refused = sent(client, "CreateACustomer")["createCustomer"]
    assert refused["customer"] is None
    assert {error["path"][-1]: error["code"] for error in refused["errors"]} == {
        "email": "FIELD_INVALID",
        "countryCode": "FIELD_INVALID",
        "customerNumber": "CUSTOMER_NUMBER_ALREADY_EXISTS",
    }

    well_formed = {**given, "email": "faktura@solgaarden.example", "countryCode": "DK"}
    (taken,) = sent(client, "CreateACustomer", input=well_formed)["createCustomer"]["errors"]
    assert (taken["code"], taken["httpStatus"]) == ("CUSTOMER_NUMBER_ALREADY_EXISTS", 409)

    created = sent(client, "CreateACustomer", input={**well_formed, "customerNumber": "solgården"})["createCustomer"]
    assert (created["errors"], created["customer"]["name"]) == ([], "Solgården Kaffe ApS")


def test_the_change_is_previewed_acknowledged_and_replayed(client: httpx.Client) -> None:
    preview = sent(client, "PreviewTheChange")["billingTransitionPreview"]
    assert {cut["name"] for cut in preview["cuts"]} == {"Fibernet 1000", "Telefoni"}
    assert [error["code"] for error in preview["errors"]] == ["SUBSCRIPTION_TRANSITIONS_REQUIRED"]
    acknowledged = variables_of("MakeTheChange")["acknowledged"]
    listed = [
        {transition["subscriptionId"] for transition in one["subscriptionTransitions"]}
        for one in (preview, acknowledged)
    ]
    assert listed[0] == listed[1]

    made, again = [sent(client, "MakeTheChange")["updateCustomer"] for _ in range(2)]
    assert (made["errors"], made["customer"]["parent"]["name"]) == ([], "Nordlys Gruppen A/S")
    assert {document["kind"] for document in made["transition"]["documents"]} == {"CREDIT_NOTE", "INVOICE"}
    assert (made["replayed"], again) == (False, {**made, "replayed": True})
    assert sent(client, "PreviewTheChange")["billingTransitionPreview"]["cuts"] == []


def test_a_gateway_gets_entities_in_the_order_that_it_asked_for(client: httpx.Client) -> None:
    first, second, group, nobody = sent(client, "AsAGateway")["_entities"]

    assert (first["customerNumber"], second["customerNumber"]) == ("2", "6")
    assert (group["__typename"], group["name"], len(group["customers"]["nodes"])) == ("CustomerGroup", "Erhverv", 2)
    assert nobody is None


async def test_who_follows_a_customer_sees_the_change_and_goes_on_after_its_cursor(client: httpx.Client) -> None:
    (stop,) = [stop for stop in TOUR if stop.is_live]
    url, headers = str(client.base_url.join("graphql")), {"authorization": client.headers["authorization"]}
    async with following(url, headers, stop.text, **stop.variables) as events:
        changed = sent(client, "ChangeTheCustomer")["updateCustomer"]
        first = await events.change()
        again = sent(client, "ChangeTheCustomer")["updateCustomer"]
        limited = {**variables_of("ChangeTheCustomer")["input"], "creditLimit": None}
        cleared = sent(client, "ChangeTheCustomer", input=limited)["updateCustomer"]
        second = await events.change()
    async with following(url, headers, stop.text, **stop.variables, after=first["cursor"]) as events:
        assert await events.change() == second

    assert [answer["changedFields"] for answer in (changed, again, cleared)] == [["creditLimit"], [], ["creditLimit"]]
    (field,) = first["changedFields"]
    assert (field["field"], field["after"], first["subject"]["creditLimit"]) == ("creditLimit", "40000.00", "40000.00")
    assert (first["version"], second["version"]) == (changed["customer"]["version"], cleared["customer"]["version"])
    assert (first["subject"]["name"], first["subject"]["parent"]["name"]) == ("Nordlys Ærø ApS", "Nordlys Gruppen A/S")
