"""No token, however odd, causes more than a rejection."""

import contextlib
import json

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from app.web.credential_errors import Unauthenticated
from app.web.jwks import KeyFile
from app.web.tokens import TokenRules, TokenVerifier
from tests.support.issuer import AUDIENCE, COMPANY, NAME, claims
from tests.web.forgery import KEY, segment


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> TokenVerifier:
    """A verifier that trusts one key."""
    path = tmp_path_factory.mktemp("keys") / "key.pem"
    path.write_bytes(KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return TokenVerifier(KeyFile(path), TokenRules(NAME, AUDIENCE, "company_id", "scope", leeway_seconds=30), 100)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@settings(deadline=None)
@given(
    changes=st.dictionaries(
        st.sampled_from(["iss", "aud", "exp", "nbf", "iat", "sub", "jti", "company_id", "scope"]),
        json_values,
        max_size=3,
    )
)
async def test_no_claim_of_the_trusted_issuer_causes_a_problem(
    changes: dict[str, object], tokens: TokenVerifier
) -> None:
    token = jwt.api_jws.encode(json.dumps(claims(**changes)).encode(), KEY, algorithm="EdDSA", headers={"kid": "ed"})
    with contextlib.suppress(Unauthenticated):
        assert (await tokens.verify(token)).company_id == COMPANY


@settings(deadline=None)
@given(
    header=json_values | st.dictionaries(st.sampled_from(["alg", "kid", "b64", "crit", "typ", "jwk"]), json_values),
    rest=st.text(),
)
async def test_no_header_and_no_text_causes_a_problem(header: object, rest: str, tokens: TokenVerifier) -> None:
    for token in (f"{segment(header)}.{segment(claims())}.{segment(b'x')}", f"{segment(header)}.{rest}", rest):
        with pytest.raises(Unauthenticated):
            await tokens.verify(token)
