"""The keys that tokens are verified with: a PEM file, and an issuer's key set in all its weathers."""

import asyncio
import gzip
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from app.settings import Settings, SettingsError
from app.web.credential_errors import CredentialsUnavailable
from app.web.jwks import FRESH_SECONDS, PAUSE_SECONDS, KeyFile, PublishedKeys, keys_from_settings
from tests.support.clock import Clock
from tests.support.issuer import Issuer, PrivateKey, public_jwk

OLD, NEW = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SHORT_RSA = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - the short key that must be refused
ELLIPTIC = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """An issuer that publishes one key, `old`."""
    serving = Issuer(public_jwk(OLD, "old"))
    yield serving
    serving.leave()


@pytest.fixture
def clock() -> Clock:
    """The clock of the keys."""
    return Clock()


@pytest_asyncio.fixture(loop_scope="session")
async def keys(issuer: Issuer, clock: Clock) -> AsyncIterator[PublishedKeys]:
    """The issuer's keys as the service keeps them."""
    published = PublishedKeys(issuer.url, clock=clock)
    yield published
    await published.aclose()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what happens in the background."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - some conditions belong to the issuer's threads
            await asyncio.sleep(0.005)


async def test_keys_are_fetched_once_and_then_remembered(issuer: Issuer, keys: PublishedKeys) -> None:
    for _ in range(3):
        assert await keys.find("old", "EdDSA") is not None
    assert issuer.fetches == 1


async def test_concurrent_first_callers_share_one_fetch_off_the_loop(issuer: Issuer, keys: PublishedKeys) -> None:
    issuer.open_gate.clear()
    waiting = [asyncio.create_task(keys.find("old", "EdDSA")) for _ in range(20)]
    await until(lambda: issuer.fetches == 1)
    waiting[0].cancel()  # The caller that began the fetch leaves; the others must not notice.
    issuer.open_gate.set()
    assert None not in await asyncio.gather(*waiting[1:])
    assert issuer.fetches == 1


async def test_a_rotated_key_is_found_without_a_restart(issuer: Issuer, keys: PublishedKeys, clock: Clock) -> None:
    await keys.find("old", "EdDSA")
    issuer.publish(public_jwk(OLD, "old"), public_jwk(NEW, "new"))
    clock.now += PAUSE_SECONDS
    assert await keys.find("new", "EdDSA") is not None
    assert await keys.find("old", "EdDSA") is not None
    assert issuer.fetches == 2


async def test_a_withdrawn_key_ends_when_the_keys_get_old(issuer: Issuer, keys: PublishedKeys, clock: Clock) -> None:
    await keys.find("old", "EdDSA")
    issuer.publish(public_jwk(NEW, "new"))
    clock.now += FRESH_SECONDS
    assert await keys.find("old", "EdDSA") is not None, "nobody waits for a refresh that isn't needed to answer"
    await until(lambda: issuer.fetches == 2)
    await keys.find("new", "EdDSA")
    assert await keys.find("old", "EdDSA") is None


async def test_a_storm_of_unknown_key_ids_costs_one_fetch_per_pause(
    issuer: Issuer, keys: PublishedKeys, clock: Clock
) -> None:
    for _ in range(3):
        found = await asyncio.gather(*(keys.find(f"made-up-{number}", "EdDSA") for number in range(200)))
        assert set(found) == {None}
        clock.now += PAUSE_SECONDS
    assert issuer.fetches == 3


async def test_known_keys_stay_while_the_issuer_is_away_and_are_refreshed_when_it_is_back(
    issuer: Issuer, keys: PublishedKeys, clock: Clock
) -> None:
    await keys.find("old", "EdDSA")
    issuer.leave()
    for _ in range(3):
        clock.now += FRESH_SECONDS
        with pytest.raises(CredentialsUnavailable):
            await keys.find("made-up", "EdDSA")
        assert await keys.find("old", "EdDSA") is not None
    issuer.publish(public_jwk(NEW, "new"))
    issuer.come_back()
    clock.now += PAUSE_SECONDS
    assert await keys.find("new", "EdDSA") is not None


async def test_without_any_key_the_caller_may_try_again_and_the_issuer_is_not_hammered(
    issuer: Issuer, keys: PublishedKeys, clock: Clock
) -> None:
    issuer.status = 500
    for _ in range(5):
        with pytest.raises(CredentialsUnavailable, match="Try again shortly"):
            await keys.find("old", "EdDSA")
    assert issuer.fetches == 1
    issuer.status = 200
    clock.now += PAUSE_SECONDS
    assert await keys.find("old", "EdDSA") is not None


async def test_a_key_that_may_be_new_is_neither_known_nor_unknown_until_keys_are_fetched(
    issuer: Issuer, keys: PublishedKeys, clock: Clock
) -> None:
    await keys.find("old", "EdDSA")
    issuer.publish(public_jwk(OLD, "old"), public_jwk(NEW, "new"))
    issuer.status = 500
    clock.now += PAUSE_SECONDS
    for passed, pause in ((0, 10), (4, 6), (PAUSE_SECONDS - 4.5, 1)):
        clock.now += passed
        with pytest.raises(CredentialsUnavailable) as unavailable:
            await keys.find("new", "EdDSA")
        # Nobody asks the issuer sooner, whenever the client comes back.
        assert unavailable.value.retry_after_seconds == pause
        assert unavailable.value.reason == "ValueError: the issuer answers with status 500"
    issuer.status = 200
    clock.now += PAUSE_SECONDS
    assert await keys.find("new", "EdDSA") is not None
    assert await keys.find("made-up", "EdDSA") is None


UNUSABLE_ANSWERS: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"<html>",
    "no object": b"[]",
    "no keys": b'{"keys": []}',
    "an algorithm that is no string": b'{"keys": [{"kty": "RSA", "alg": ["RS256"]}]}',
    "endless nesting": b"[" * 100_000,
    "keys of other algorithms alone": json.dumps({"keys": [{**public_jwk(RSA, "old"), "alg": "RS512"}]}).encode(),
    "more than a megabyte": json.dumps({"keys": [public_jwk(OLD, "old")]}).encode() + b" " * 1_000_000,
}


@pytest.mark.parametrize("body", UNUSABLE_ANSWERS.values(), ids=UNUSABLE_ANSWERS)
async def test_an_answer_that_is_no_key_set_is_like_an_issuer_that_is_away(
    body: bytes, issuer: Issuer, keys: PublishedKeys
) -> None:
    issuer.body = body
    with pytest.raises(CredentialsUnavailable):
        await keys.find("old", "EdDSA")


async def test_an_answer_that_never_ends_is_given_up_in_time_and_leaves_no_thread_behind(
    issuer: Issuer, clock: Clock
) -> None:
    issuer.drips = True
    threads = {thread for thread in threading.enumerate() if not thread.name.startswith("Thread-")}
    keys = PublishedKeys(issuer.url, clock=clock, fetch_seconds=0.1)
    # More often than the loop has threads for what blocks. Some requests may be given up before they arrive.
    async with asyncio.timeout(60):
        while issuer.fetches <= 40:
            with pytest.raises(CredentialsUnavailable) as unavailable:
                await keys.find("old", "EdDSA")
            assert unavailable.value.reason == "the issuer's answer was not complete within 0.1 s"
            clock.now += PAUSE_SECONDS
    started = {thread for thread in threading.enumerate() if not thread.name.startswith("Thread-")} - threads
    assert not started
    await keys.aclose()


async def test_a_compressed_answer_is_not_unpacked(issuer: Issuer, keys: PublishedKeys) -> None:
    issuer.body, issuer.headers = gzip.compress(issuer.body), {"content-encoding": "gzip"}
    with pytest.raises(CredentialsUnavailable):
        await keys.find("old", "EdDSA")


async def test_a_redirect_is_not_followed(issuer: Issuer, keys: PublishedKeys) -> None:
    elsewhere = Issuer(public_jwk(OLD, "old"))
    issuer.status, issuer.headers = 302, {"Location": elsewhere.url}
    with pytest.raises(CredentialsUnavailable):
        await keys.find("old", "EdDSA")
    assert elsewhere.fetches == 0
    elsewhere.leave()


UNUSABLE_KEYS: dict[str, dict[str, Any]] = {
    "for encryption": {**public_jwk(NEW), "use": "enc"},
    "symmetric": {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlYw"},
    "of a short RSA modulus": public_jwk(SHORT_RSA),
    "for RS512": {**public_jwk(RSA), "alg": "RS512"},
    "of another curve": {
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    },
    "private": {**public_jwk(NEW), "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"},
}


@pytest.mark.parametrize("unusable", UNUSABLE_KEYS.values(), ids=UNUSABLE_KEYS)
async def test_a_key_that_must_not_verify_is_left_out(
    unusable: dict[str, Any], issuer: Issuer, keys: PublishedKeys
) -> None:
    issuer.publish({**unusable, "kid": "odd"}, public_jwk(OLD, "old"))
    for algorithm in ("EdDSA", "RS256"):
        assert await keys.find("odd", algorithm) is None
    assert await keys.find("old", "EdDSA") is not None


async def test_without_a_key_id_the_only_key_of_the_algorithm_is_meant(
    issuer: Issuer, keys: PublishedKeys, clock: Clock
) -> None:
    issuer.publish(public_jwk(OLD, "old"), public_jwk(RSA, "rsa"))
    for algorithm, kid in (("EdDSA", "old"), ("RS256", "rsa")):
        found = await keys.find(None, algorithm)
        assert found is not None
        assert found.key_id == kid
    issuer.publish(public_jwk(OLD, "old"), public_jwk(NEW, "new"))
    clock.now += FRESH_SECONDS
    await keys.find("new", "EdDSA")
    assert await keys.find(None, "EdDSA") is None


async def test_a_key_that_is_published_twice_is_one_key(issuer: Issuer, keys: PublishedKeys) -> None:
    issuer.publish(public_jwk(OLD, "old"), public_jwk(OLD, "old"), public_jwk(OLD, "same"), public_jwk(OLD))
    for key_id in ("old", "same", None):
        assert await keys.find(key_id, "EdDSA") is not None


async def test_different_keys_of_one_id_verify_nothing(issuer: Issuer, keys: PublishedKeys) -> None:
    issuer.publish(public_jwk(OLD, "old"), public_jwk(NEW, "old"))
    assert await keys.find("old", "EdDSA") is None


async def test_a_key_without_an_id_fits_every_token_if_it_alone_has_its_algorithm(
    issuer: Issuer, keys: PublishedKeys, clock: Clock
) -> None:
    issuer.publish(public_jwk(OLD), public_jwk(RSA, "rsa"))
    for key_id in (None, "old"):
        assert await keys.find(key_id, "EdDSA") is not None
    assert await keys.find("old", "RS256") is None
    issuer.publish(public_jwk(OLD), public_jwk(NEW, "new"))
    clock.now += FRESH_SECONDS
    async with asyncio.timeout(20):
        while await keys.find("old", "EdDSA") is not None:  # noqa: ASYNC110 - a fetch in the background says nothing when it ends
            await asyncio.sleep(0.005)
    found = await keys.find("new", "EdDSA")
    assert found is not None
    assert found.key_id == "new"


@pytest.mark.parametrize("published_as", [None, "EdDSA", "Ed25519"])
async def test_both_names_of_the_algorithm_mean_the_same_key(
    published_as: str | None, issuer: Issuer, keys: PublishedKeys
) -> None:
    issuer.publish({**public_jwk(OLD, "old"), **({"alg": published_as} if published_as else {})})
    found = [await keys.find("old", algorithm) for algorithm in ("EdDSA", "Ed25519")]
    assert found[0] is not None
    assert found[0] is found[1]


async def test_a_fetch_that_is_under_way_is_given_up_at_the_end(issuer: Issuer, clock: Clock) -> None:
    keys = PublishedKeys(issuer.url, clock=clock)
    issuer.open_gate.clear()
    before = asyncio.all_tasks()
    waiting = asyncio.create_task(keys.find("old", "EdDSA"))
    await until(lambda: issuer.fetches == 1)
    fetching = asyncio.all_tasks() - before - {waiting}
    assert len(fetching) == 1
    async with asyncio.timeout(2):
        await keys.aclose()
    assert fetching & asyncio.all_tasks() == set()
    with pytest.raises(CredentialsUnavailable):
        await waiting


@pytest.mark.parametrize("key", [OLD, RSA], ids=["EdDSA", "RS256"])
async def test_the_key_of_a_file_fits_its_own_algorithm_alone(
    key: PrivateKey, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    keys = KeyFile(path)
    fitting = {
        algorithm for algorithm in ("EdDSA", "RS256", "HS256", "ES256") if await keys.find(None, algorithm) is not None
    }
    assert fitting == {request.node.callspec.id}


UNUSABLE_FILES: dict[str, bytes | None] = {
    "missing": None,
    "no PEM": b"hello",
    "a private key": OLD.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    "an elliptic curve": ELLIPTIC.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    "a short RSA modulus": SHORT_RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
}


@pytest.mark.parametrize("content", UNUSABLE_FILES.values(), ids=UNUSABLE_FILES)
def test_a_file_without_a_fitting_public_key_stops_the_start(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"JWT_PUBLIC_KEY_FILE: .* must hold a public key"):
        KeyFile(path)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://issuer.example/keys",
        "issuer.example/keys",
        "https://",
        "https://[::1/keys",
        "https://h:x/",
    ],
)
def test_an_address_that_is_not_http_stops_the_start(url: str) -> None:
    settings = Settings(jwt_issuer="issuer", jwt_audience="audience", jwt_jwks_url=url)
    with pytest.raises(SettingsError, match="JWT_JWKS_URL: must be an http"):
        keys_from_settings(settings)


def test_without_settings_there_are_no_keys() -> None:
    assert keys_from_settings(Settings()) is None
