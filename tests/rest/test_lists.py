"""Lists: their order, pages and links."""

from tests.rest.calling import Calls, error_of
from tests.support.records import Records


async def test_customers_are_listed_by_number_as_a_plain_array(calls: Calls, records: Records) -> None:
    for number in ("10", "9", "a"):
        await records.customer(customer_number=number)

    answer = await calls.get("/v1/customers")

    assert (answer.status_code, [row["customerNumber"] for row in answer.json()]) == (200, ["9", "10", "a"])
    assert len(answer.json()[0]) == 30


async def test_a_page_links_to_the_next_one_and_keeps_the_filter(calls: Calls, records: Records) -> None:
    for number in range(5):
        await records.customer(customer_number=str(number), metadata={"a b": "1&2"} if number else {})
    page = await calls.get("/v1/customers", params={"limit": 3, "metadata[a b]": "1&2"})
    following = await calls.get(page.url.join(page.links["next"]["url"]))

    assert [row["customerNumber"] for row in [*page.json(), *following.json()]] == ["1", "2", "3", "4"]
    assert page.links["next"]["url"].startswith("?limit=3&metadata%5Ba+b%5D=1%262&after=")
    assert "link" not in following.headers


async def test_an_empty_list_is_an_empty_array(calls: Calls) -> None:
    for path in ("/v1/customers", "/v1/customer-groups"):
        answer = await calls.get(path)
        assert (answer.status_code, answer.content) == (200, b"[]")


async def test_contacts_and_departments_begin_with_the_default(calls: Calls, records: Records) -> None:
    customer = await records.customer()
    await records.contact(customer, name="Anna")
    await records.contact(customer, name="Bo", is_default_for_customer=True)
    await records.department(customer, name="Anden")
    await records.department(customer, name="Bogholderi", is_default=True)

    contacts = (await calls.get(f"/v1/customers/{customer}/contacts")).json()
    departments = (await calls.get(f"/v1/customers/{customer}/departments")).json()

    assert [row["name"] for row in contacts] == ["Bo", "Anna"]
    assert list(contacts[0]) == ["id", "name", "isDefaultForCustomer", "email", "phone"]
    assert [row["name"] for row in departments] == ["Bogholderi", "Anden"]


async def test_lists_of_a_customer_that_does_not_exist_are_a_404(calls: Calls) -> None:
    for last in ("contacts", "departments"):
        for customer in ("00000000-0000-4000-8000-000000000000", "x"):
            error_of(await calls.get(f"/v1/customers/{customer}/{last}"), 404, "CUSTOMER_NOT_FOUND")


async def test_groups_have_their_account(calls: Calls, records: Records) -> None:
    await records.group(number="1", metadata={"k": "v"})
    (group,) = (await calls.get("/v1/customer-groups", params={"metadata[k]": "v"})).json()

    assert list(group) == ["id", "number", "name", "discount", "accountId", "accountNumber", "accountName", "metadata"]
    assert group["accountName"] == "Sales"


async def test_a_cursor_that_is_malformed_is_a_problem_of_its_parameter(calls: Calls) -> None:
    error = error_of(await calls.get("/v1/customers?after=x"), 400, "SHARED_VALIDATION_FAILED")

    assert [entry["property"] for entry in error["details"]["validationErrors"]] == ["after"]
