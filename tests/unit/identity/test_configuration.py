"""The trust file: what is wrong in it is named with its field, and changes nothing that was right."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from registry.errors import Invalid
from registry.identity import configuration
from registry.identity.idtokens import Person
from registry.identity.trust import Trust
from tests.components.issuing import Authority
from tests.components.trusting import World, certificates, refusal, tokens
from tests.logins import trusted

HTTPS = "https://issuer.example.se/jwks"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


WRONG: dict[str, tuple[Any, str]] = {
    "a list": ([], "Input should be a valid dictionary"),
    "an unknown part": ({"issuers": []}, "issuers"),
    "a number from the common name": ({"certificates": [{"number": "common_name"}]}, "certificates.0.number"),
    "no number": ({"certificates": [{"number": None}]}, "certificates.0.number"),
    "an id with a slash": ({"certificates": [{"id": "a/b"}]}, "certificates.0.id"),
    "one id twice": ({"certificates": [{}, {}]}, "certificates.id must differ"),
    "keys without TLS": ({"tokens": [{"jwks": "http://issuer.example.se/jwks"}]}, "tokens.0.jwks must be an https"),
    "keys of a user": ({"tokens": [{"jwks": "https://me@issuer.example.se/"}]}, "tokens.0.jwks"),
    "keys in a file": ({"tokens": [{"jwks": "file:///etc/passwd"}]}, "tokens.0.jwks"),
    "keys on a look-alike of loopback": ({"tokens": [{"jwks": "http://localhost.evil.se/"}]}, "tokens.0.jwks"),
    "no algorithm": ({"tokens": [{"algorithms": []}]}, "tokens.0.algorithms"),
    "a symmetric algorithm": ({"tokens": [{"algorithms": ["HS256"]}]}, "tokens.0.algorithms.0"),
    "no signature": ({"tokens": [{"algorithms": ["none"]}]}, "tokens.0.algorithms.0"),
    "no audience": ({"tokens": [{"audience": ""}]}, "tokens.0.audience"),
    "a day": ({"tokens": [{"lifetime_seconds": 86_400}]}, "tokens.0.lifetime_seconds"),
    "one issuer twice": ({"tokens": [{"id": "a"}, {"id": "b"}]}, "tokens.issuer must differ"),
    "people of nobody": ({"people": [{"operators": {}}]}, "people.0.operators"),
    "people of an empty group": ({"people": [{"operators": {"groups": []}}]}, "people.0.operators.groups"),
    "a person's number": ({"people": [{"operators": {"sub": ["191212121212"]}}]}, "must not hold a person's number"),
    "a provider without TLS": ({"people": [{"issuer": "http://idp.example.se"}]}, "people.0.issuer must be an https"),
    "a page without TLS": ({"people": [{"page": "http://registry.example.se"}]}, "people.0.page must be an https"),
    "a page below another": ({"people": [{"page": "https://example.se/registry"}]}, "people.0.page must have no path"),
    "a login by a shared secret": ({"people": [{"algorithms": ["HS256"]}]}, "people.0.algorithms.0"),
    "two levels in one": ({"people": [{"acr": ["loa3 loa4"]}]}, "people.0.acr.0"),
    "one provider twice": ({"people": [{}, {"operators": {"sub": ["b"]}}]}, "people.id must differ"),
    "a certificate without its key": ({"server": {"certificate": "x"}}, "server.key"),
}


def people(authority: Authority, **more: Any) -> dict[str, Any]:
    return trusted("https://idp.example.se", "https://registry.example.se/", authority, **more)


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named(world: World, authority: Authority, name: str) -> None:
    said, words = WRONG[name]
    right = {"certificates": certificates(authority.file), "tokens": tokens(HTTPS), "people": people(authority)}
    if isinstance(said, dict):
        said = {key: [right[key] | each for each in value] if key in right else value for key, value in said.items()}
    world.file.write_text(yaml.safe_dump(said))
    with pytest.raises(Invalid) as caught:
        Trust.load(world.file)
    assert caught.value.reason == "TRUST_INVALID"
    assert words in caught.value.message
    assert str(world.file) in caught.value.message


@pytest.mark.parametrize("text", ["a: &x [1]\nb: *x\n", "a: !!python/name:os.system\n", "a: [\n", "a: 1\na: 2\n"])
def test_yaml_that_is_not_plain_is_not_read(world: World, text: str) -> None:
    world.file.write_text(text)
    with pytest.raises(Invalid, match="trust"):
        Trust.load(world.file)


def test_a_file_that_is_missing_is_named(world: World, authority: Authority) -> None:
    with pytest.raises(Invalid, match=r"nowhere\.pem: ca cannot be read"):
        world.trust(certificates=[certificates(world.folder / "nowhere.pem")])
    with pytest.raises(Invalid, match=r"nowhere\.yaml"):
        Trust.load(world.folder / "nowhere.yaml")
    (world.folder / "empty.pem").touch()
    with pytest.raises(Invalid, match="cannot be read as certificates"):
        world.trust(certificates=[certificates(world.folder / "empty.pem")])
    with pytest.raises(Invalid, match="has a root that test has too"):
        world.trust(certificates=[certificates(authority.file), certificates(authority.file, id="again")])


@pytest.mark.parametrize("text", ["", "two\nlines", "x" * 1001, "å"])
def test_a_secret_is_one_line(world: World, authority: Authority, text: str) -> None:
    file = world.folder / "idp.secret"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(Invalid, match="client_secret_file must be one line") as caught:
        world.trust(people=[people(authority, client_secret_file=str(file))])
    assert not text or text not in caught.value.message
    with pytest.raises(Invalid, match="client_secret_file must be one line"):
        world.trust(people=[people(authority, client_secret_file=str(world.folder / "nowhere"))])


def test_who_may_operate_is_asked_of_the_file_as_it_is_now(world: World, authority: Authority) -> None:
    deny = world.folder / "deny.txt"
    deny.write_text("people/idp/bosse%20x\n")
    said = {"operators": {"sub": ["anna", "bosse x"], "groups": ["keepers"]}, "acr": ["high"]}
    trust = world.trust(people=[people(authority, **said)], deny=str(deny))

    def person(subject: str, *groups: str, level: str = "high", issuer: str = "https://idp.example.se") -> Person:
        claims = {"sub": frozenset({subject}), "groups": frozenset(groups)}
        return Person("idp", issuer, subject, claims, level)

    everybody = {
        "named": person("anna"),
        "in a group": person("cilla", "keepers"),
        "denied": person("bosse x"),
        "in another group": person("cilla", "anna"),
        "at another level": person("anna", level="low"),
        "of another issuer": person("anna", issuer="https://other.example.se"),
    }

    def may() -> set[str]:
        return {name for name, each in everybody.items() if trust.people.operates(each)}

    assert may() == {"named", "in a group"}
    world.write(people=[people(authority, **{**said, "operators": {"sub": ["anna"]}})])
    trust.refresh()
    assert may() == {"named"}
    world.write(people=[people(authority, **{**said, "id": "renamed"})])
    trust.refresh()
    assert may() == set()


@pytest.mark.parametrize("line", ["zz", "test", "test 0xzz", "12:34", "organisations/falun", "tokens/a"])
def test_a_line_of_the_deny_list_that_is_none_is_named(world: World, line: str) -> None:
    deny = world.folder / "deny.txt"
    deny.write_text(f"# what follows is wrong\n{line}\n")
    with pytest.raises(Invalid, match="line 2"):
        world.trust(deny=str(deny))


def test_the_servers_key_must_be_that_of_its_certificate(world: World, authority: Authority) -> None:
    one, other = authority.server("127.0.0.1"), authority.server("127.0.0.1")
    with pytest.raises(Invalid, match="is of another certificate") as caught:
        world.trust(server={"certificate": str(one.certificate_file), "key": str(other.key_file)})
    assert "PRIVATE" not in caught.value.message


def test_paths_are_relative_to_the_file(tmp_path: Path, authority: Authority) -> None:
    folder = tmp_path / "etc"
    folder.mkdir()
    (folder / "ca.pem").write_bytes(authority.certificate_pem)
    said = {
        "certificates": [{"id": "a", "ca": "ca.pem", "number": "serial_number", "crl": ["x.crl"]}],
        "deny": "no.txt",
    }
    (folder / "trust.yaml").write_text(yaml.safe_dump(said))
    found = configuration.read(folder / "trust.yaml")
    assert list(configuration.files(found)) == [folder / "ca.pem", folder / "x.crl", folder / "no.txt"]


def test_a_broken_file_leaves_the_old_trust_in_force_until_it_is_right_again(
    world: World, authority: Authority, tmp_path: Path
) -> None:
    other = Authority(tmp_path / "other", "other")
    mine, theirs = authority.organisation(), other.organisation()
    trust = world.trust(certificates=[certificates(authority.file)])

    def refused() -> list[str]:
        return [refusal(lambda pem=each.pem: trust.certificate(pem)) for each in (mine, theirs)]

    assert refused() == ["", "CREDENTIAL_INVALID"]
    for broken in ("certificates: 7", "certificates: [", ""):
        world.file.write_text(broken)
        trust.refresh()
        trust.refresh()
        assert refused() == ["", "CREDENTIAL_INVALID"]
    world.write(certificates=[certificates(other.file)])
    trust.refresh()
    assert refused() == ["CREDENTIAL_INVALID", ""], "and nothing of the old trust is remembered"


def test_what_has_not_changed_is_not_read_again(
    world: World, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust = world.trust(certificates=[certificates(authority.file)])
    before = trust._now
    monkeypatch.setattr(configuration, "read", lambda _file: pytest.fail("it was read"))
    trust.refresh()
    assert trust._now is before
    assert trust.kinds == {"certificate"}


def test_the_example_of_the_documents_is_a_trust_file(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "identity.md").read_text(encoding="utf-8")
    (tmp_path / "trust.yaml").write_text(page.partition("```yaml\n")[2].partition("```")[0])
    found = configuration.read(tmp_path / "trust.yaml")
    assert len(list(configuration.files(found))) == 10
    assert (found.certificates[0].stale_crl, found.tokens[0].bound) == ("refuse", "required")
