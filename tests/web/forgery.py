"""Tokens that nobody may accept, made with the keys of an issuer and of somebody else."""

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.issuer import PrivateKey, claims, public_jwk, sign

KEY, OTHER_KEY = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
RSA_KEY, OTHER_RSA_KEY = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))


def segment(value: object) -> str:
    """A part of a token, from JSON or from bytes."""
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def sign_by_hand(header: dict[str, Any], signed_by: Ed25519PrivateKey = KEY) -> str:
    """A token with any header, well signed with an Ed25519 key."""
    signed = f"{segment(header)}.{segment(claims())}"
    return f"{signed}.{segment(signed_by.sign(signed.encode()))}"


def hmac_with_public_key(key: PrivateKey, kid: str) -> str:
    """A token whose shared secret is the public key, which everybody has."""
    signed = f"{segment({'alg': 'HS256', 'kid': kid})}.{segment(claims())}"
    secret = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return f"{signed}.{segment(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


def tampered() -> str:
    """A good token that claims another company under the old signature."""
    header, _, signature = sign(KEY, "ed").split(".")
    return f"{header}.{segment(claims(company_id='0190a000-0000-7000-8000-000000000002'))}.{signature}"


FORGED: dict[str, str] = {
    "signed with another key": sign(OTHER_KEY, "ed"),
    "signed with another RSA key": sign(OTHER_RSA_KEY, "rsa"),
    "another key and no key id": sign(OTHER_KEY),
    "an unknown key id": sign(KEY, "made-up"),
    "the key id of a key of another kind": sign(KEY, "rsa"),
    "no algorithm": jwt.encode(claims(), "", algorithm="none", headers={"kid": "ed"}),
    "no algorithm, but a signature": sign_by_hand({"alg": "none", "kid": "ed"}),
    "the algorithm left out": sign_by_hand({"kid": "ed"}),
    "an algorithm that is a list": sign_by_hand({"alg": ["EdDSA"], "kid": "ed"}),
    "Ed25519 of somebody else": sign_by_hand({"alg": "Ed25519", "kid": "ed"}, OTHER_KEY),
    "the algorithm of another key": sign_by_hand({"alg": "RS256", "kid": "rsa"}),
    "HS256 with the public key as the secret": hmac_with_public_key(KEY, "ed"),
    "HS256 with the public RSA key as the secret": hmac_with_public_key(RSA_KEY, "rsa"),
    "PS256 with the right key": jwt.encode(claims(), RSA_KEY, algorithm="PS256", headers={"kid": "rsa"}),
    "a key of its own": sign_by_hand({"alg": "EdDSA", "jwk": public_jwk(OTHER_KEY)}, OTHER_KEY),
    "a critical extension that is unknown": sign_by_hand({"alg": "EdDSA", "kid": "ed", "crit": ["exp"], "exp": 1}),
    "a detached payload": sign_by_hand({"alg": "EdDSA", "kid": "ed", "b64": False, "crit": ["b64"]}),
    "a key id that is a number": sign_by_hand({"alg": "EdDSA", "kid": 7}),
    "changed claims": tampered(),
    "the signature cut off": sign(KEY, "ed").rpartition(".")[0] + ".",
    "garbage": "garbage",
    "three parts of garbage": "a.b.c",
    "four parts": sign(KEY, "ed") + ".x",
    "a header that is no object": f"{segment([])}.{segment(claims())}.{segment(b'')}",
    "claims that are no object": jwt.api_jws.encode(b"[]", KEY, algorithm="EdDSA", headers={"kid": "ed"}),
    "a header nested endlessly": f"{segment(b'[' * 5000)}.{segment(claims())}.{segment(b'')}",
}
