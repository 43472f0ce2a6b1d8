"""The credential of a request: which headers are read, which are rejected, and how long an API key is remembered."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db import api_keys, tables
from app.db.database import Database
from app.domain.identity import Principal, Scope
from app.settings import Settings, SettingsError
from app.unavailable import DatabaseUnavailable
from app.web.authentication import REJECTED_KEY_SECONDS, ApiKeyVerifier, Authenticator
from app.web.credential_errors import CredentialCode, CredentialsUnavailable, Unauthenticated
from app.web.development import AUDIENCE, ISSUER, DevelopmentKeys
from app.web.remembered import RememberedRejections
from tests.support.clock import Clock

ANY_KEY = api_keys.PREFIX + "A" * 43


@pytest.fixture
def development(tmp_path: Path) -> DevelopmentKeys:
    """Keys to sign tokens with."""
    return DevelopmentKeys(tmp_path)


@pytest.fixture
def settings(development: DevelopmentKeys) -> Settings:
    """Settings that trust those keys."""
    return Settings(jwt_issuer=ISSUER, jwt_audience=AUDIENCE, jwt_public_key_file=development.public_key_file)


@pytest.fixture
def token(development: DevelopmentKeys, company: UUID) -> str:
    """A good token of the test's company."""
    return development.mint(company, [Scope.CUSTOMERS_READ], "ada", timedelta(hours=1))


@pytest_asyncio.fixture(loop_scope="session")
async def authenticator(settings: Settings, database: Database) -> AsyncIterator[Authenticator]:
    """An authenticator as the service builds it."""
    built = Authenticator.from_settings(settings, database)
    yield built
    await built.aclose()


@pytest_asyncio.fixture(loop_scope="session")
async def nowhere() -> AsyncIterator[Database]:
    """A database that nobody answers for."""
    away = Database(
        "postgresql://nobody@127.0.0.1:1/none", pool_size=1, pool_timeout_seconds=2, statement_timeout_seconds=1
    )
    yield away
    await away.dispose()


async def make_key(
    owner: AsyncEngine, company: UUID, expires_at: datetime | None = None
) -> tuple[api_keys.ApiKey, str]:
    """A key of the company that may read."""
    async with owner.begin() as connection:
        return await api_keys.create(connection, company, "ERP", [Scope.CUSTOMERS_READ], expires_at)


async def revoke(owner_engine: AsyncEngine, key: api_keys.ApiKey) -> None:
    """End the key."""
    async with owner_engine.begin() as connection:
        assert await api_keys.revoke(connection, key.company_id, key.id)


async def store_hash(owner_engine: AsyncEngine, key: api_keys.ApiKey, key_hash: bytes) -> None:
    """Have the key be found by another hash."""
    keys = tables.api_keys
    async with owner_engine.begin() as connection:
        await connection.execute(
            update(keys).where(keys.c.company_id == key.company_id, keys.c.id == key.id).values(key_hash=key_hash)
        )


async def rejection(authenticator: Authenticator, *headers: tuple[str, str]) -> Unauthenticated:
    """How a request with these headers is refused."""
    joined: dict[str, str] = {}
    for name, value in headers:
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    with pytest.raises(Unauthenticated) as caught:
        await authenticator.authenticate(joined)
    return caught.value


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER ", "Bearer   "])
async def test_a_bearer_token_is_accepted_however_the_scheme_is_written(
    scheme: str, token: str, company: UUID, authenticator: Authenticator
) -> None:
    principal = await authenticator.authenticate({"host": "localhost", "authorization": scheme + token})
    assert (principal.company_id, principal.subject, principal.scopes) == (company, "ada", {Scope.CUSTOMERS_READ})


async def test_an_api_key_is_accepted(owner_engine: AsyncEngine, company: UUID, authenticator: Authenticator) -> None:
    expires_at = datetime.now(UTC) + timedelta(days=1)
    key, plaintext = await make_key(owner_engine, company, expires_at)
    principal = await authenticator.authenticate({"x-api-key": plaintext})
    assert principal == Principal(company, f"api-key:{key.id}", frozenset({Scope.CUSTOMERS_READ}), expires_at)


async def test_without_a_credential_the_caller_learns_how_to_send_one(authenticator: Authenticator) -> None:
    refused = await rejection(authenticator, ("host", "localhost"))
    assert refused.code == CredentialCode.UNAUTHENTICATED
    assert refused.message == "Send a token as `Authorization: Bearer <token>`, or an API key as `x-api-key`."
    assert refused.www_authenticate == 'Bearer realm="customer-gateway"'


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer ", "Basic YWRhOnNlY3JldA==", "Bearer a b", "Bearertoken", "token", "Bearer,token"]
)
async def test_an_authorization_header_of_another_form_is_rejected(value: str, authenticator: Authenticator) -> None:
    refused = await rejection(authenticator, ("authorization", value))
    assert refused.code == CredentialCode.CREDENTIALS_MALFORMED
    assert refused.message == "`Authorization` must be `Bearer`, one space, and the token."
    assert refused.www_authenticate == 'Bearer realm="customer-gateway", error="invalid_request"'


async def test_more_than_one_credential_is_rejected_even_if_each_is_good(
    token: str, owner_engine: AsyncEngine, company: UUID, authenticator: Authenticator
) -> None:
    bearer, key = ("authorization", f"Bearer {token}"), ("x-api-key", (await make_key(owner_engine, company))[1])
    for headers in ((bearer, key), (key, bearer), (bearer, bearer), (key, key), (("authorization", "Basic x"), key)):
        refused = await rejection(authenticator, *headers)
        assert refused.code == CredentialCode.CREDENTIALS_MALFORMED
        assert refused.message == "Send one credential: either one `Authorization` header or one `x-api-key`."


async def test_unknown_revoked_and_expired_keys_are_rejected_alike(
    owner_engine: AsyncEngine, company: UUID, authenticator: Authenticator
) -> None:
    revoked, revoked_plaintext = await make_key(owner_engine, company)
    await revoke(owner_engine, revoked)
    _, expired_plaintext = await make_key(owner_engine, company, datetime.now(UTC) - timedelta(seconds=1))
    rejections = [
        await rejection(authenticator, ("x-api-key", plaintext))
        for plaintext in (ANY_KEY, "malformed", revoked_plaintext, expired_plaintext)
    ]
    assert {refused.code for refused in rejections} == {CredentialCode.API_KEY_NOT_ACCEPTED}
    assert {refused.message for refused in rejections} == {
        "The API key isn't accepted: it is unknown, revoked or expired."
    }
    assert {refused.www_authenticate for refused in rejections} == {'Bearer realm="customer-gateway"'}


MALFORMED_KEYS = [
    "",
    "cgk_",
    ANY_KEY[:-1],
    ANY_KEY + "A",
    ANY_KEY + "\n",
    " " + ANY_KEY,
    ANY_KEY.replace("cgk", "abc"),
    ANY_KEY[:-1] + "é",
    "x" * 100_000,
]


@pytest.mark.parametrize("presented", MALFORMED_KEYS, ids=range(len(MALFORMED_KEYS)))
async def test_a_key_of_another_form_is_rejected_without_the_database(
    presented: str, settings: Settings, nowhere: Database
) -> None:
    authenticator = Authenticator.from_settings(settings, nowhere)
    assert (await rejection(authenticator, ("x-api-key", presented))).code == CredentialCode.API_KEY_NOT_ACCEPTED


async def test_while_the_database_is_away_tokens_work_and_keys_must_wait(
    settings: Settings, nowhere: Database, development: DevelopmentKeys
) -> None:
    authenticator = Authenticator.from_settings(settings, nowhere)
    token = development.mint(UUID(int=1), [], "ada", timedelta(hours=1))
    assert (await authenticator.authenticate({"authorization": f"Bearer {token}"})).company_id == UUID(int=1)
    with pytest.raises(DatabaseUnavailable):
        await authenticator.authenticate({"x-api-key": ANY_KEY})


async def test_an_issuer_that_never_answered_is_an_outage_not_a_rejection(nowhere: Database, token: str) -> None:
    settings = Settings(jwt_issuer=ISSUER, jwt_audience=AUDIENCE, jwt_jwks_url="http://127.0.0.1:1/keys")
    authenticator = Authenticator.from_settings(settings, nowhere)
    with pytest.raises(CredentialsUnavailable, match="Try again shortly"):
        await authenticator.authenticate({"authorization": f"Bearer {token}"})
    await authenticator.aclose()


async def test_a_service_without_token_settings_takes_api_keys_alone(
    token: str, owner_engine: AsyncEngine, company: UUID, database: Database
) -> None:
    authenticator = Authenticator.from_settings(Settings(), database)
    refused = await rejection(authenticator, ("authorization", f"Bearer {token}"))
    assert refused.code == CredentialCode.TOKEN_NOT_ACCEPTED
    assert "send an API key as `x-api-key`" in refused.message
    _, plaintext = await make_key(owner_engine, company)
    assert (await authenticator.authenticate({"x-api-key": plaintext})).company_id == company
    await authenticator.aclose()


def test_keys_that_cannot_be_used_stop_the_start(nowhere: Database, tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        Authenticator.from_settings(
            Settings(jwt_issuer="i", jwt_audience="a", jwt_public_key_file=tmp_path / "none.pem"), nowhere
        )


async def test_a_revoked_key_is_remembered_for_some_seconds_at_most(
    owner_engine: AsyncEngine, company: UUID, database: Database
) -> None:
    clock = Clock(time.time())
    verifier = ApiKeyVerifier(database, 5, 10, clock)
    key, plaintext = await make_key(owner_engine, company)
    principal = await verifier.verify(plaintext)
    await revoke(owner_engine, key)
    clock.now += 4.9
    assert await verifier.verify(plaintext) is principal
    clock.now += 0.1
    with pytest.raises(Unauthenticated):
        await verifier.verify(plaintext)


async def test_a_key_is_not_remembered_beyond_its_expiry(
    owner_engine: AsyncEngine, company: UUID, database: Database
) -> None:
    clock = Clock(time.time())
    verifier = ApiKeyVerifier(database, 300, 10, clock)
    key, plaintext = await make_key(owner_engine, company, datetime.now(UTC) + timedelta(seconds=60))
    await verifier.verify(plaintext)
    # Revoking shows whether the database is asked: its own clock can't be moved.
    await revoke(owner_engine, key)
    clock.now += 59
    assert (await verifier.verify(plaintext)).company_id == company
    clock.now += 2
    with pytest.raises(Unauthenticated):
        await verifier.verify(plaintext)


async def test_where_nothing_is_remembered_a_revoked_key_ends_at_once(
    owner_engine: AsyncEngine, company: UUID, database: Database
) -> None:
    verifier = ApiKeyVerifier(database, 0, 10)
    key, plaintext = await make_key(owner_engine, company)
    await verifier.verify(plaintext)
    await revoke(owner_engine, key)
    with pytest.raises(Unauthenticated):
        await verifier.verify(plaintext)


async def test_a_rejected_key_is_remembered_for_some_seconds(
    owner_engine: AsyncEngine, company: UUID, database: Database
) -> None:
    clock = Clock(time.time())
    verifier = ApiKeyVerifier(database, 300, 10, clock)
    key, plaintext = await make_key(owner_engine, company)
    await store_hash(owner_engine, key, api_keys.hash_of("another"))
    with pytest.raises(Unauthenticated):
        await verifier.verify(plaintext)
    # As after a backup was restored: no key can be sent before it is made.
    await store_hash(owner_engine, key, api_keys.hash_of(plaintext))
    clock.now += REJECTED_KEY_SECONDS - 0.1
    with pytest.raises(Unauthenticated):
        await verifier.verify(plaintext)
    clock.now += 0.1
    assert (await verifier.verify(plaintext)).company_id == company


async def test_of_many_rejected_keys_the_last_ones_are_remembered_and_good_ones_stay() -> None:
    refused = RememberedRejections(2)
    for digest in (b"a", b"b", b"c"):
        refused.put(digest, 10)
    assert [refused.has(digest, 9) for digest in (b"a", b"b", b"c")] == [False, True, True]
    assert not refused.has(b"c", 10)
