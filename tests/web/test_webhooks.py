"""The settings of webhooks: which receivers may be reached, and how long they may take."""

import time
from typing import Any

import pytest

from app.domain.deliveries import DeliveryError
from app.domain.errors import ErrorCode
from app.settings import Settings
from app.web.webhooks import webhook_client, webhook_rules
from tests.support.asking import ENGINE
from tests.support.receiver import receiving, silent


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({}, DeliveryError.URL_NOT_ALLOWED),
        ({"webhooks_allow_private": True}, DeliveryError.URL_NOT_ALLOWED),
        ({"webhooks_allow_http": True}, DeliveryError.REFUSED_ADDRESS),
        ({"webhooks_allow_http": True, "webhooks_allow_private": True}, None),
    ],
)
async def test_a_receiver_on_this_machine_needs_both_settings(
    settings: dict[str, Any], error: DeliveryError | None
) -> None:
    async with (
        receiving() as started,
        webhook_client(Settings(**settings)).receiver(f"http://127.0.0.1:{started.port}/") as receiver,
    ):
        assert (await receiver.post((), b"{}")).error is error


@pytest.mark.parametrize(
    ("settings", "count"),
    [
        ({}, 2),
        ({"webhooks_allow_private": True}, 1),
        ({"webhooks_allow_http": True}, 1),
        ({"webhooks_allow_http": True, "webhooks_allow_private": True}, 0),
    ],
)
async def test_the_same_settings_decide_which_urls_an_endpoint_may_have(settings: dict[str, Any], count: int) -> None:
    rules = webhook_rules(Settings(**settings), ENGINE)
    found = await rules.problems(url="http://127.0.0.1/", types=(), document=None, scopes=frozenset())
    assert [problem.code for problem in found] == [ErrorCode.WEBHOOK_URL_NOT_ALLOWED] * count


async def test_a_receiver_may_take_as_long_as_the_setting_says() -> None:
    settings = Settings(webhooks_allow_http=True, webhooks_allow_private=True, webhook_timeout_seconds=0.1)
    async with receiving() as started:
        started.behavior = silent()
        begun = time.monotonic()
        async with webhook_client(settings).receiver(f"http://127.0.0.1:{started.port}/") as receiver:
            assert (await receiver.post((), b"{}")).error is DeliveryError.TIMEOUT
        assert 0.1 <= time.monotonic() - begun < 5
