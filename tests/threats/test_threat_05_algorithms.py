"""Threat 5: tokens that say themselves how they are to be checked, or that are for somebody else."""

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import OctKey, RSAKey
from joserfc.jws import JWSRegistry

from registry.identity.trust import Trust
from tests.components.issuing import NOW
from tests.components.minting import AUDIENCE, KeyServer, claims, key_server, mint, new_key, unsigned
from tests.components.trusting import World, token_refusal, tokens

KEY, OTHER = new_key(), new_key()
RSA = RSAKey.generate_key(2048, parameters={"kid": "rsa"})


@pytest.fixture
def keys() -> Iterator[KeyServer]:
    with key_server(KEY, RSA) as told:  # type: ignore[arg-type]
        yield told


@pytest.fixture
def trust(tmp_path: Path, keys: KeyServer) -> Trust:
    return World(tmp_path).trust(tokens=[tokens(keys.url, number_claim="orgnr")])


async def test_threat_05_a_token_that_is_right_proves_its_client(trust: Trust) -> None:
    found = await trust.token(mint(KEY, orgnr="2120000142"), None)
    assert (found.principal, found.organisation_number) == ("tokens/oidc/gateway", "2120000142")
    assert (found.scopes, found.thumbprint) == (frozenset({"read", "write"}), "")
    again = await trust.token(mint(KEY, {"typ": "application/AT+JWT"}, aud=["https://else.example", AUDIENCE]), None)
    assert again.organisation_number == ""


HEADERS: Mapping[str, Mapping[str, Any]] = {
    "type of an id token": {"typ": "JWT"},
    "no type": {"typ": None},
    "a key of its own": {"jwk": OTHER.as_dict(private=False)},
    "an address of its own": {"jku": "https://evil.example/jwks"},
    "a certificate's address": {"x5u": "https://evil.example/cert"},
    "a certificate": {"x5c": ["MIIB"]},
    "unknown crit": {"crit": ["sudo"], "sudo": True},
    "known crit": {"crit": ["b64"], "b64": True},
    "empty crit": {"crit": []},
    "an unencoded body": {"b64": False},
    "an unknown key": {"kid": "two"},
    "no key of several": {"kid": None},
    "a key that is no text": {"kid": ["one"]},
    "whatever comes next": {"new": "x"},
}


@pytest.mark.parametrize("name", HEADERS)
async def test_threat_05_a_header_that_says_how_to_check_is_refused(trust: Trust, name: str) -> None:
    signed = mint(KEY, {})
    header = {"alg": "ES256", "typ": "at+jwt", "kid": "one", **HEADERS[name]}
    header = {each: value for each, value in header.items() if value is not None}
    body, signature = signed.split(".")[1:]
    first = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    forged = f"{first}.{body}.{_signature(f'{first}.{body}') or signature}"
    assert await token_refusal(trust, forged) == "CREDENTIAL_INVALID"


def _signature(text: str) -> str:
    """By the right key, so that nothing but the header is wrong."""
    made = JWSRegistry.algorithms["ES256"].sign(text.encode(), KEY)
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


async def test_threat_05_the_public_key_is_no_secret(trust: Trust) -> None:
    for pem in (KEY.as_pem(private=False), RSA.as_pem(private=False), json.dumps(KEY.as_dict(private=False)).encode()):
        for algorithm in ("HS256", "HS384", "HS512"):
            token = mint(OctKey(pem, pem), {"alg": algorithm})
            assert await token_refusal(trust, token) == "CREDENTIAL_INVALID"


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", ""])
async def test_threat_05_no_signature_is_none(trust: Trust, algorithm: str) -> None:
    header = {"alg": algorithm, "typ": "at+jwt", "kid": "one"}
    assert await token_refusal(trust, unsigned(header, claims())) == "CREDENTIAL_INVALID"
    assert await token_refusal(trust, mint(KEY).rpartition(".")[0] + ".") == "CREDENTIAL_INVALID"


async def test_threat_05_an_algorithm_that_was_not_chosen_is_refused_though_its_key_is_known(trust: Trust) -> None:
    assert await token_refusal(trust, mint(RSA, {"alg": "RS256", "kid": "rsa"})) == "CREDENTIAL_INVALID"
    assert await token_refusal(trust, mint(RSA, {"alg": "PS256", "kid": "rsa"})) == ""
    crossed = mint(RSA, {"alg": "PS256", "kid": "one"})
    assert await token_refusal(trust, crossed) == "CREDENTIAL_INVALID"
    assert await token_refusal(trust, mint(OTHER)) == "CREDENTIAL_INVALID"


AT = int(NOW.timestamp())
WRONG: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "of another issuer": ({"iss": "https://evil.example"}, "CREDENTIAL_INVALID"),
    "of an issuer with a slash more": ({"iss": "https://issuer.example.se/"}, "CREDENTIAL_INVALID"),
    "of no issuer": ({"iss": None}, "CREDENTIAL_INVALID"),
    "of a list of issuers": ({"iss": ["https://issuer.example.se"]}, "CREDENTIAL_INVALID"),
    "for another": ({"aud": "https://else.example"}, "CREDENTIAL_INVALID"),
    "for a part of the name": ({"aud": AUDIENCE[:-1]}, "CREDENTIAL_INVALID"),
    "for nobody": ({"aud": None}, "CREDENTIAL_INVALID"),
    "for an empty list": ({"aud": []}, "CREDENTIAL_INVALID"),
    "without an end": ({"exp": None}, "CREDENTIAL_INVALID"),
    "with a text as its end": ({"exp": str(AT + 100)}, "CREDENTIAL_INVALID"),
    "with no number as its end": ({"exp": float("nan")}, "CREDENTIAL_INVALID"),
    "without end": ({"exp": float("inf")}, "CREDENTIAL_INVALID"),
    "past its end and the leeway": ({"iat": AT - 400, "exp": AT - 61}, "CREDENTIAL_EXPIRED"),
    "past its end": ({"iat": AT - 400, "exp": AT - 30}, ""),
    "issued tomorrow": ({"iat": AT + 86_400, "exp": AT + 86_500}, "CREDENTIAL_EXPIRED"),
    "issued a moment ahead": ({"iat": AT + 30}, ""),
    "not yet": ({"nbf": AT + 200}, "CREDENTIAL_EXPIRED"),
    "not dated": ({"iat": None}, "CREDENTIAL_INVALID"),
    "for a day": ({"exp": AT + 86_400}, "CREDENTIAL_INVALID"),
    "for ten minutes and the leeway": ({"iat": AT, "exp": AT + 660}, ""),
    "of no client": ({"client_id": None}, "CREDENTIAL_INVALID"),
    "of a client with a slash": ({"client_id": "a/b"}, "CREDENTIAL_INVALID"),
    "of a client with a line": ({"client_id": "a\nb"}, "CREDENTIAL_INVALID"),
    "of a client that is a person": ({"client_id": "811218-9876"}, "CREDENTIAL_INVALID"),
    "of a client that is a list": ({"client_id": ["gateway"]}, "CREDENTIAL_INVALID"),
    "with a scope that is a list": ({"scope": ["write"]}, "CREDENTIAL_INVALID"),
    "of no subject": ({"sub": None}, "CREDENTIAL_INVALID"),
    "with no id": ({"jti": None}, "CREDENTIAL_INVALID"),
    "with a number that is none": ({"orgnr": "2120000143"}, "CREDENTIAL_INVALID"),
    "with a number that is a number": ({"orgnr": 2120000142}, "CREDENTIAL_INVALID"),
    "bound in another way": ({"cnf": {"jkt": "x"}}, "CREDENTIAL_NOT_BOUND"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_threat_05_every_claim_counts(trust: Trust, name: str) -> None:
    changed, reason = WRONG[name]
    assert await token_refusal(trust, mint(KEY, **changed)) == reason


@pytest.mark.parametrize("token", ["", "x", "a.b", "a.b.c", "a.b.c.d.e", "é.b.c", "..", "e30.e30.", "bnVsbA.bnVsbA.x"])
async def test_threat_05_what_is_no_token_is_refused(trust: Trust, token: str) -> None:
    assert await token_refusal(trust, token) == ("CREDENTIAL_INVALID" if token else "CREDENTIAL_MISSING")


async def test_threat_05_secrets_among_the_keys_are_no_keys(tmp_path: Path, keys: KeyServer) -> None:
    """A set that lets slip a private or a secret key: neither is used, and the set is no set."""
    secret = {"kty": "oct", "kid": "one", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTAwMDE"}
    keys.body = json.dumps({"keys": [secret, KEY.as_dict(private=True)]}).encode()
    trust = World(tmp_path).trust(tokens=[tokens(keys.url)])
    made = OctKey.import_key(secret)  # type: ignore[arg-type]
    assert await token_refusal(trust, mint(made, {"alg": "HS256"})) == "CREDENTIAL_INVALID"
    assert await token_refusal(trust, mint(KEY)) == "ISSUER_UNAVAILABLE"
