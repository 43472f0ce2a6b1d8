"""Bearer tokens: what is accepted, what is rejected and how little the rejection tells, and how long one is
remembered."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from app.domain.identity import Principal, Scope
from app.web.credential_errors import CredentialCode, CredentialsUnavailable, Unauthenticated
from app.web.jwks import PAUSE_SECONDS, PublishedKeys
from app.web.tokens import MAX_TOKEN_BYTES, TokenRules, TokenVerifier
from tests.support.clock import Clock
from tests.support.issuer import AUDIENCE, COMPANY, NAME, Issuer, PrivateKey, public_jwk, sign
from tests.web.forgery import FORGED, KEY, OTHER_KEY, RSA_KEY, sign_by_hand

LEEWAY = 30
RULES = TokenRules(
    issuer=NAME, audience=AUDIENCE, company_claim="company_id", scope_claim="scope", leeway_seconds=LEEWAY
)
NOT_ACCEPTED = (
    "The token isn't accepted: it must come from the issuer that this service trusts, be meant for this service,"
    " be valid now, and name a subject and a company."
)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """An issuer with a key of each kind."""
    serving = Issuer(public_jwk(KEY, "ed"), public_jwk(RSA_KEY, "rsa"))
    yield serving
    serving.leave()


@pytest.fixture
def keys_clock() -> Clock:
    """The clock of the fetched keys."""
    return Clock()


@pytest.fixture
def clock() -> Clock:
    """The clock of the remembered tokens."""
    return Clock(time.time())


@pytest_asyncio.fixture(loop_scope="session")
async def keys(issuer: Issuer, keys_clock: Clock) -> AsyncIterator[PublishedKeys]:
    """The issuer's keys."""
    published = PublishedKeys(issuer.url, clock=keys_clock)
    yield published
    await published.aclose()


@pytest.fixture
def tokens(keys: PublishedKeys, clock: Clock) -> TokenVerifier:
    """A verifier that trusts the issuer and remembers two tokens."""
    return TokenVerifier(keys, RULES, 2, clock)


async def rejection(tokens: TokenVerifier, token: str) -> Unauthenticated:
    """How the token is refused."""
    with pytest.raises(Unauthenticated) as caught:
        await tokens.verify(token)
    return caught.value


@pytest.mark.parametrize(
    ("key", "kid"), [(KEY, "ed"), (RSA_KEY, "rsa"), (KEY, None)], ids=["EdDSA", "RS256", "no key id"]
)
async def test_a_good_token_names_its_principal(key: PrivateKey, kid: str | None, tokens: TokenVerifier) -> None:
    expires = int(time.time()) + 100
    principal = await tokens.verify(sign(key, kid, exp=expires))
    assert principal == Principal(
        COMPANY, "ada", frozenset({Scope.CUSTOMERS_READ}), datetime.fromtimestamp(expires, UTC)
    )


@pytest.mark.parametrize("algorithm", ["EdDSA", "Ed25519"])
async def test_a_token_may_call_its_algorithm_by_either_name(algorithm: str, tokens: TokenVerifier) -> None:
    principal = await tokens.verify(sign_by_hand({"alg": algorithm, "kid": "ed"}))
    assert principal.company_id == COMPANY


ACCEPTED_CHANGES: dict[str, Callable[[int], dict[str, object]]] = {
    "one audience of several": lambda _: {"aud": ["https://other.example", AUDIENCE]},
    "expired within the leeway": lambda now: {"exp": now - LEEWAY + 10},
    "valid from within the leeway": lambda now: {"nbf": now + LEEWAY - 10, "iat": now + LEEWAY - 10},
    "no time of issue": lambda _: {"iat": None},
}


@pytest.mark.parametrize("changes", ACCEPTED_CHANGES.values(), ids=ACCEPTED_CHANGES)
async def test_a_claim_at_the_edge_of_the_rules_is_accepted(
    changes: Callable[[int], dict[str, object]], tokens: TokenVerifier
) -> None:
    assert (await tokens.verify(sign(KEY, "ed", **changes(int(time.time()))))).company_id == COMPANY


READ, WRITE = Scope.CUSTOMERS_READ, Scope.CUSTOMERS_WRITE
SCOPE_CLAIMS: dict[str, tuple[object, set[Scope]]] = {
    "a string": ("customers-read", {READ}),
    "a string of several": ("openid customers-write  customers-read", {READ, WRITE}),
    "a list": (["customers-write", "profile"], {WRITE}),
    "a list of odd things": ([None, 7, {}, ["customers-write"], "customers-read"], {READ}),
    "unknown ones only": ("customers admin *", set()),
    "another case": ("CUSTOMERS-READ", set()),
    "a number": (7, set()),
    "an object": ({"customers-read": True}, set()),
    "left out": (None, set()),
}


@pytest.mark.parametrize(("claim", "scopes"), SCOPE_CLAIMS.values(), ids=SCOPE_CLAIMS)
async def test_only_known_scopes_are_kept(claim: object, scopes: set[Scope], tokens: TokenVerifier) -> None:
    assert (await tokens.verify(sign(KEY, "ed", scope=claim))).scopes == scopes


BAD_CLAIMS: dict[str, dict[str, object]] = {
    "another issuer": {"iss": "https://other.example"},
    "an issuer that only begins like ours": {"iss": f"{NAME}.evil.example"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "https://other.example"},
    "an empty audience": {"aud": []},
    "no audience": {"aud": None},
    "no expiry": {"exp": None},
    "an expiry that is no number": {"exp": "tomorrow"},
    "an expiry after the end of all calendars": {"exp": 10**30},
    "an infinite expiry": {"exp": float("inf")},
    "not valid yet": {"nbf": int(time.time()) + 3600},
    "issued in the future": {"iat": int(time.time()) + 3600},
    "no subject": {"sub": None},
    "a blank subject": {"sub": " "},
    "a subject that is no string": {"sub": 7},
    "a subject with a null character": {"sub": "ada\0"},
    "a subject with half a character": {"sub": "\ud800"},
    "no company": {"company_id": None},
    "a company that is no UUID": {"company_id": "acme"},
    "a company that is no string": {"company_id": 7},
    "several companies": {"company_id": [str(COMPANY)]},
}


@pytest.mark.parametrize("changes", BAD_CLAIMS.values(), ids=BAD_CLAIMS)
async def test_a_bad_claim_is_rejected_without_saying_which(changes: dict[str, object], tokens: TokenVerifier) -> None:
    refused = await rejection(tokens, sign(KEY, "ed", **changes))
    assert (refused.code, refused.message) == (CredentialCode.TOKEN_NOT_ACCEPTED, NOT_ACCEPTED)
    assert refused.www_authenticate == 'Bearer realm="customer-gateway", error="invalid_token"'


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED)
async def test_a_forged_token_is_rejected_without_saying_why(token: str, tokens: TokenVerifier) -> None:
    assert len(token) <= MAX_TOKEN_BYTES
    refused = await rejection(tokens, token)
    assert (refused.code, refused.message) == (CredentialCode.TOKEN_NOT_ACCEPTED, NOT_ACCEPTED)


async def test_an_expired_token_is_told_so(tokens: TokenVerifier) -> None:
    refused = await rejection(tokens, sign(KEY, "ed", exp=int(time.time()) - LEEWAY - 1))
    assert (refused.code, refused.message) == (CredentialCode.TOKEN_EXPIRED, "The token has expired. Get a new one.")
    assert refused.www_authenticate == 'Bearer realm="customer-gateway", error="invalid_token"'


async def test_an_expired_token_of_somebody_else_is_not_told_so(tokens: TokenVerifier) -> None:
    assert (await rejection(tokens, sign(OTHER_KEY, "ed", exp=1))).code == CredentialCode.TOKEN_NOT_ACCEPTED


@pytest.mark.parametrize(
    "token", [sign(KEY, "ed", note="x" * MAX_TOKEN_BYTES), "é", "\ud800"], ids=["long", "no ASCII", "half a character"]
)
async def test_a_token_that_no_issuer_makes_is_rejected_unread(
    token: str, tokens: TokenVerifier, issuer: Issuer
) -> None:
    refused = await rejection(tokens, token)
    assert refused.code == CredentialCode.CREDENTIALS_MALFORMED
    assert refused.www_authenticate == 'Bearer realm="customer-gateway", error="invalid_request"'
    assert issuer.fetches == 0


async def test_a_token_of_a_rejected_algorithm_causes_no_fetch(tokens: TokenVerifier, issuer: Issuer) -> None:
    await rejection(tokens, FORGED["HS256 with the public key as the secret"])
    assert issuer.fetches == 0


async def test_a_verified_token_needs_no_key_again_until_it_expires(
    tokens: TokenVerifier, issuer: Issuer, keys_clock: Clock, clock: Clock
) -> None:
    expires = int(time.time()) + 100
    token = sign(KEY, "ed", exp=expires)
    principal = await tokens.verify(token)
    await forget_the_key(tokens, issuer, keys_clock)
    clock.now = expires + LEEWAY - 1
    assert await tokens.verify(token) is principal
    clock.now = expires + LEEWAY
    assert (await rejection(tokens, token)).code == CredentialCode.TOKEN_EXPIRED


async def test_the_least_recently_used_token_is_forgotten_when_there_are_too_many(
    tokens: TokenVerifier, issuer: Issuer, keys_clock: Clock
) -> None:
    first, second, third = (sign(KEY, "ed", jti=str(number)) for number in range(3))
    for token in (first, second, first, third):
        await tokens.verify(token)
    await forget_the_key(tokens, issuer, keys_clock)
    assert await tokens.verify(first)
    assert await tokens.verify(third)
    assert (await rejection(tokens, second)).code == CredentialCode.TOKEN_NOT_ACCEPTED


async def test_nothing_is_remembered_where_the_cache_is_off(
    keys: PublishedKeys, issuer: Issuer, keys_clock: Clock
) -> None:
    tokens = TokenVerifier(keys, RULES, 0)
    token = sign(KEY, "ed")
    await tokens.verify(token)
    await forget_the_key(tokens, issuer, keys_clock)
    await rejection(tokens, token)


async def test_a_rejected_token_is_accepted_once_its_key_is_published(
    tokens: TokenVerifier, issuer: Issuer, keys_clock: Clock
) -> None:
    token = sign(OTHER_KEY, "rotated")
    await rejection(tokens, token)
    issuer.publish(public_jwk(KEY, "ed"), public_jwk(OTHER_KEY, "rotated"))
    await rejection(tokens, token)
    keys_clock.now += PAUSE_SECONDS
    assert (await tokens.verify(token)).company_id == COMPANY


async def test_a_token_that_cannot_be_checked_is_neither_accepted_nor_rejected(
    tokens: TokenVerifier, issuer: Issuer
) -> None:
    issuer.status = 503
    with pytest.raises(CredentialsUnavailable):
        await tokens.verify(sign(KEY, "ed"))


async def forget_the_key(tokens: TokenVerifier, issuer: Issuer, keys_clock: Clock) -> None:
    """The issuer withdraws the key, and the service knows it: whatever works now was remembered."""
    issuer.publish(public_jwk(OTHER_KEY, "next"))
    keys_clock.now += PAUSE_SECONDS
    await rejection(tokens, sign(KEY, "made-up"))
