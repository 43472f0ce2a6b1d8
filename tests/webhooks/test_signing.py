"""Signatures, verified by the reference implementations for Python and JavaScript."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from app.webhooks.signing import signed
from tests.support.node import node_packages
from tests.support.webhook_secrets import EARLIER, OTHER, SECRET

PACKAGES = Path(__file__).parent / "npm"
BODY = '{"id": "1", "name": "Ærø ☃"}'


def headers_of(*secrets: str, sent_at: datetime | None = None, body: str = BODY) -> dict[str, str]:
    headers = signed("1", sent_at or datetime.now(UTC), body.encode(), secrets)
    return {name.decode(): value.decode() for name, value in headers}


@pytest.mark.parametrize("secrets", [[SECRET], [SECRET, EARLIER], [OTHER, SECRET]])
def test_a_receiver_that_knows_one_of_the_secrets_accepts_a_message(secrets: Sequence[str]) -> None:
    assert Webhook(SECRET).verify(BODY, headers_of(*secrets)) == json.loads(BODY)


def test_a_message_of_another_secret_or_body_or_time_is_rejected() -> None:
    for headers, body in (
        (headers_of(EARLIER, OTHER), BODY),
        (headers_of(SECRET), BODY.replace("1", "2")),
        (headers_of(SECRET) | {"webhook-id": "2"}, BODY),
        (headers_of(SECRET, sent_at=datetime.now(UTC) - timedelta(minutes=6)), BODY),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(body, headers)


def test_the_signature_is_that_of_the_specification() -> None:
    # The example of Standard Webhooks: https://github.com/standard-webhooks/standard-webhooks
    sent_at = datetime.fromtimestamp(1_614_265_330, UTC)
    headers = signed(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", sent_at, b'{"test": 2432232314}', ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
    )

    assert dict(headers)[b"webhook-timestamp"] == b"1614265330"
    assert dict(headers)[b"webhook-signature"] == b"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_npm_s_standardwebhooks_accepts_and_rejects_the_same_messages(tmp_path: Path) -> None:
    packages = node_packages(PACKAGES, "the verification of signatures by npm's standardwebhooks")
    messages: list[dict[str, Any]] = [
        {"secret": SECRET, "headers": headers_of(SECRET), "body": BODY},
        {"secret": EARLIER, "headers": headers_of(SECRET, EARLIER), "body": BODY},
        {"secret": OTHER, "headers": headers_of(SECRET, EARLIER), "body": BODY},
    ]
    (tmp_path / "messages.json").write_text(json.dumps(messages))

    verified = json.loads(packages.run("verify.js", tmp_path / "messages.json"))

    assert verified == [json.loads(BODY), json.loads(BODY), "No matching signature found"]
