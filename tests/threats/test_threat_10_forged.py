"""Threat 10: a provider that lies: whatever it tells or gives for a code, only an ID token that is right names a person."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import OctKey

from registry.errors import RegistryError
from registry.identity import fetched, reading
from registry.identity.issuers import base64url
from registry.identity.trust import Trust
from tests.components.issuing import NOW, Authority
from tests.components.lying_provider import LyingProvider, lying_provider
from tests.components.minting import claims, mint, new_key, unsigned
from tests.components.oidc import SECRET
from tests.components.ports import free_port
from tests.components.trusting import World
from tests.logins import asked, town, trusted

PAGE = "https://registry.example.se"
ACCESS = "access-token"
SECONDS = int(NOW.timestamp())
HOUR = 3600
REFUSED = b'{"error": "invalid_grant"}'


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def liar(authority: Authority) -> Iterator[LyingProvider]:
    with lying_provider(authority.server("127.0.0.1")) as lying:
        yield lying


@pytest.fixture
def entry(tmp_path: Path, liar: LyingProvider, authority: Authority) -> dict[str, Any]:
    secret = tmp_path / "idp.secret"
    secret.write_text(SECRET)
    return trusted(liar.issuer, PAGE, authority, client_secret_file=str(secret))


def right(liar: LyingProvider, nonce: str) -> dict[str, Any]:
    """Claims of a good ID token, and nothing of an access token."""
    good: dict[str, Any] = {"iss": liar.issuer, "aud": "page", "sub": "anna", "nonce": nonce}
    return {**good, "jti": None, "client_id": None, "scope": None}


async def finished(trust: Trust, answer: Mapping[str, str] | None = None, **lies: Any) -> str:
    """What a login is refused with; '' when it is not. `lies`: how the provider's ID token differs from a good one."""
    liar: LyingProvider = lies.pop("liar")
    key, header = lies.pop("key", liar.key), {"typ": "JWT", **lies.pop("header", {})}
    begun, _ = await trust.people.begin(lies.pop("by", "idp"))
    said = right(liar, begun.nonce) | lies
    token = unsigned(header, claims(**said)) if header.get("alg") == "none" else mint(key, header, **said)
    liar.give = lambda _form: (200, {"id_token": token, "access_token": ACCESS, "token_type": "Bearer"}, {})
    try:
        await trust.person(begun, {"code": "c0de", "iss": liar.issuer, **(answer or {})})
    except RegistryError as error:
        assert not any(each in f"{error} {error.metadata}" for each in (token, "c0de", SECRET, ACCESS))  # noqa: PT017
        return error.message
    return ""


def half(text: str, kind: str = "sha256") -> str:
    """The left half of a hash, as `at_hash` is."""
    digest = hashlib.new(kind, text.encode()).digest()
    return base64url(digest[: len(digest) // 2])


SAYS: dict[str, tuple[dict[str, Any], str]] = {
    "all that is right": ({}, ""),
    "no type": ({"header": {"typ": None}}, ""),
    "an access token": ({"header": {"typ": "at+jwt"}}, "is of another type"),
    "no signature": ({"header": {"alg": "none"}}, "must be signed by"),
    "a signature by the secret": ({"key": OctKey.import_key(SECRET), "header": {"alg": "HS256"}}, "must be signed by"),
    "another key under its name": ({"key": new_key()}, "has a signature that does not hold"),
    "a key of nobody": ({"key": new_key("two"), "header": {"kid": "two"}}, "a key that its issuer does not have"),
    "a key of its own": ({"header": {"jwk": {"kty": "EC"}}}, "has a header with more"),
    "a key elsewhere": ({"header": {"jku": "https://evil.example"}}, "has a header with more"),
    "another issuer": ({"iss": "https://evil.example"}, "has a wrong iss"),
    "another client": ({"aud": "other"}, "has a wrong aud"),
    "several clients": ({"aud": ["page", "other"]}, "has a wrong azp"),
    "several clients, asked for by another": ({"aud": ["page", "other"], "azp": "other"}, "has a wrong azp"),
    "several clients, asked for by us": ({"aud": ["page", "other"], "azp": "page"}, ""),
    "a list of us": ({"aud": ["page"]}, ""),
    "asked for by another": ({"azp": "other"}, "has a wrong azp"),
    "an hour ago": ({"iat": SECONDS - HOUR, "exp": SECONDS - 61}, "is not valid now"),
    "a minute ago, by a clock that is behind": ({"iat": SECONDS - HOUR, "exp": SECONDS - 59}, ""),
    "later": ({"iat": SECONDS + 61}, "is not valid now"),
    "not before later": ({"nbf": SECONDS + 61}, "is not valid now"),
    "no end": ({"exp": None}, "must have the claims"),
    "an end that never comes": ({"exp": 1e300}, "has a wrong exp"),
    "another login's nonce": ({"nonce": "x" * 43}, "has a wrong nonce"),
    "no nonce": ({"nonce": None}, "must have the claims"),
    "nobody": ({"sub": None}, "must have the claims"),
    "an empty subject": ({"sub": ""}, "has a wrong sub"),
    "a subject that is a list": ({"sub": ["anna"]}, "has a wrong sub"),
    "a long subject": ({"sub": "a" * 256}, "must have a sub of 1 to 255"),
    "a subject that looks like another": ({"sub": "аnna"}, "must have a sub of 1 to 255"),  # noqa: RUF001 - that is it
    "a subject of two lines": ({"sub": "anna\nadmin"}, "must have a sub of 1 to 255"),
    "a person's number": ({"sub": "191212121212"}, "has a person's number"),
    "its access token": ({"at_hash": half(ACCESS)}, ""),
    "another access token": ({"at_hash": half("another")}, "has a wrong at_hash"),
    "another hash of it": ({"at_hash": half(ACCESS, "sha512")}, "has a wrong at_hash"),
}


async def test_threat_10_an_id_token_is_right_in_everything(
    tmp_path: Path, liar: LyingProvider, entry: dict[str, Any]
) -> None:
    trust = World(tmp_path).trust(people=[entry])
    found = {name: await finished(trust, liar=liar, **lies) for name, (lies, _) in SAYS.items()}
    wrong = {
        name: said for name, said in found.items() if (SAYS[name][1] not in said) or bool(SAYS[name][1]) != bool(said)
    }
    assert wrong == {}
    assert {form["code"] for form in liar.asked} == {"c0de"}
    assert all(len(form["code_verifier"]) == 43 for form in liar.asked)


async def test_threat_10_how_and_when_somebody_proved_itself_counts_where_it_is_asked_for(
    tmp_path: Path, liar: LyingProvider, entry: dict[str, Any]
) -> None:
    levels = ["http://id.elegnamnden.se/loa/1.0/loa3", "http://id.elegnamnden.se/loa/1.0/loa4"]
    trust = World(tmp_path).trust(people=[{**entry, "acr": levels, "max_age_seconds": 900}])
    _, there = await trust.people.begin("idp")
    assert (asked(there)["acr_values"], asked(there)["max_age"]) == (" ".join(levels), "900")
    good = {"acr": levels[1], "auth_time": SECONDS - 900}
    assert await finished(trust, liar=liar, **good) == ""
    for change, what in (
        ({"acr": None}, "The level of the login is none of"),
        ({"acr": "http://id.elegnamnden.se/loa/1.0/loa2"}, "The level of the login is none of"),
        ({"acr": levels}, "The level of the login is none of"),
        ({"auth_time": None}, "The token must have the claim auth_time."),
        ({"auth_time": "now"}, "The token must have the claim auth_time."),
        ({"auth_time": SECONDS - 961}, "The token is not valid now"),
    ):
        assert (await finished(trust, liar=liar, **(good | change))).startswith(what)


GIVES: dict[str, tuple[int, Any, dict[str, str], str]] = {
    "nothing": (200, {}, {}, "The token is no signed JWT."),
    "a list": (200, b"[]", {}, "does not say who"),
    "no JSON": (200, b"<html>", {}, "does not say who"),
    "brackets": (200, b"[" * 100_000, {}, "does not say who"),
    # Both would be read as an error that is known, if they were read.
    "more than it may be": (400, REFUSED + b" " * fetched.BODY_BYTES, {}, "does not say who"),
    "packed": (400, REFUSED, {"content-encoding": "gzip"}, "does not say who"),
    "a way elsewhere": (307, {}, {"location": "/jwks"}, "The login was refused by its provider"),
    "an error of its own": (500, {"error": "invalid_grant"}, {}, "does not say who"),
    "an error": (400, {"error": "invalid_grant"}, {}, "The login was refused by its provider: invalid_grant."),
    "an error with our secret": (
        400,
        {"error": SECRET},
        {},
        "refused by its provider: an error that has no name here.",
    ),
    "a large token": (200, {"id_token": "x" * (reading.TOKEN_BYTES + 1)}, {}, "The token has more than"),
    "a token that is none": (200, {"id_token": ["x"]}, {}, "The token is no signed JWT."),
}


async def test_threat_10_an_answer_that_is_none_opens_nothing(
    tmp_path: Path, liar: LyingProvider, entry: dict[str, Any]
) -> None:
    trust = World(tmp_path).trust(people=[entry])
    found = {}
    for name, (status, body, headers, _) in GIVES.items():
        begun, _ = await trust.people.begin("idp")
        liar.give = lambda _form, given=(status, body, headers): given
        with pytest.raises(RegistryError) as refused:
            await trust.person(begun, {"code": "c0de", "iss": liar.issuer})
        found[name] = refused.value.message
        assert SECRET not in str(refused.value.metadata)
    assert {name: said for name, said in found.items() if GIVES[name][3] not in said} == {}
    assert len(liar.asked) == len(GIVES), "and a redirect is not followed"


TELLS: dict[str, dict[str, Any]] = {
    "another name": {"issuer": "https://evil.example"},
    "no place for codes": {"token_endpoint": None},
    "a place for codes without TLS": {"token_endpoint": "http://idp.example.se/token"},
    "keys without TLS": {"jwks_uri": "http://idp.example.se/jwks"},
    "keys in a file": {"jwks_uri": "file:///etc/passwd"},
    "a login that is a script": {"authorization_endpoint": "javascript:alert(1)"},
    "no PKCE but in plain": {"code_challenge_methods_supported": ["plain"]},
    "no codes": {"response_types_supported": ["id_token"]},
}


async def test_threat_10_what_a_provider_tells_of_itself_is_held_to_its_name(
    tmp_path: Path, liar: LyingProvider, entry: dict[str, Any]
) -> None:
    told, found = liar.metadata, {}
    for name, lies in TELLS.items():
        liar.metadata = {key: value for key, value in {**told, **lies}.items() if value is not None}
        found[name] = await begins(World(tmp_path / name.replace(" ", "-")).trust(people=[entry]))
    liar.metadata, liar.moved = told, True
    found["elsewhere"] = await begins(World(tmp_path / "moved").trust(people=[entry]))
    liar.moved = False
    stranger = Authority(tmp_path / "stranger")
    found["without proof"] = await begins(World(tmp_path / "proof").trust(people=[{**entry, "ca": str(stranger.file)}]))
    assert set(found.values()) == {"ISSUER_UNAVAILABLE"}
    assert await begins(World(tmp_path / "right").trust(people=[entry])) == ""


async def begins(trust: Trust) -> str:
    """The reason that a login is not begun with."""
    try:
        await trust.people.begin("idp")
    except RegistryError as error:
        return error.reason
    return ""


async def test_threat_10_who_answers_is_named_where_the_provider_says_that_it_names_itself(
    tmp_path: Path, liar: LyingProvider, entry: dict[str, Any]
) -> None:
    other = "came back from another provider"
    trust = World(tmp_path).trust(people=[entry])
    assert other in await finished(trust, {"iss": ""}, liar=liar)
    assert other in await finished(trust, {"iss": f"{liar.issuer}/"}, liar=liar)
    assert liar.asked == [], "and the code stays here"
    del liar.metadata["authorization_response_iss_parameter_supported"]
    silent = World(tmp_path / "silent").trust(people=[entry])
    begun, _ = await silent.people.begin("idp")
    token = mint(liar.key, {"typ": "JWT"}, **right(liar, begun.nonce))
    liar.give = lambda _form: (200, {"id_token": token}, {})
    assert (await silent.person(begun, {"code": "c0de"})).principal == "people/idp/anna"
    assert other in await finished(silent, {"iss": "https://evil.example"}, liar=liar)


async def test_threat_10_while_the_provider_is_away_the_key_opens_the_page(
    tmp_path: Path, authority: Authority
) -> None:
    nobody = trusted(f"https://127.0.0.1:{free_port()}", PAGE, authority)
    async with town(tmp_path, authority, free_port(), nobody) as opened, opened.browser() as anna:
        answer = await anna.web.get("/ops/login/idp/begin")
        assert (answer.status_code, "svarar inte just nu" in answer.text) == (503, True)
        await anna.web.post("/ops/login", data={"key": opened.key}, headers={"Origin": opened.page})
        assert await anna.sees()


def test_threat_10_a_secret_is_shown_by_nothing(tmp_path: Path, entry: dict[str, Any]) -> None:
    trust = World(tmp_path).trust(people=[entry])
    provider = trust.people.providers["idp"]
    assert provider.secret == SECRET
    assert SECRET not in f"{provider!r} {json.dumps(provider.settings.model_dump(mode='json'))}"
