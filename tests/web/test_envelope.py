"""What every answer has: a request id and careful headers."""

import pytest

from tests.support.toy_app import client_of, toy_app


@pytest.mark.parametrize("request_id", ["a", "0198c2f0-0000-7000-8000-000000000001", "a.b_C-9", "x" * 64])
async def test_the_request_id_of_the_client_is_echoed(request_id: str) -> None:
    async with client_of(toy_app()) as client:
        response = await client.get("/graphql", headers={"x-request-id": request_id})

    assert response.headers["x-request-id"] == request_id


@pytest.mark.parametrize("request_id", ["", "x" * 65, "a b", "a\tb", "<script>", "a,b"])
async def test_a_request_id_that_could_do_harm_is_replaced(request_id: str) -> None:
    async with client_of(toy_app()) as client:
        response = await client.get("/graphql", headers={"x-request-id": request_id})

    assert response.headers["x-request-id"] != request_id
    assert len(response.headers["x-request-id"]) == 32


async def test_requests_without_an_id_get_different_ones() -> None:
    async with client_of(toy_app()) as client:
        ids = [(await client.get("/graphql")).headers["x-request-id"] for _ in range(2)]

    assert ids[0] != ids[1]


async def test_answers_are_neither_sniffed_nor_framed() -> None:
    async with client_of(toy_app()) as client:
        response = await client.get("/graphql")

    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["x-frame-options"] == "DENY"
    assert response.headers["referrer-policy"] == "no-referrer"
