"""Threat 17: a release that was tampered with between its publisher and the body that takes it, or never was his."""

import base64

import pytest

from registry.api.v1.release_pb2 import Release
from registry.evidence import notes, releases
from subscribers.desired import wanted
from subscribers.policy import Policy
from subscribers.services import Judged, hosts, judge
from tests.unit.subscribers.bodies import Shelf, body
from tests.unit.subscribers.build import SYSTEM, URL, change, mirror, offering, release, subscription

OURS, STRANGER, NEIGHBOUR = (notes.make(name) for name in ("a.example", "stranger.example", "c.example"))
KEYS = {"organisations/a": (str(OURS.verifier),), "organisations/c": (str(NEIGHBOUR.verifier),)}


def policy(signatures: str = "required") -> Policy:
    return Policy(
        organisations=("organisations/*",),
        hosts=("*.example.se",),
        signatures=signatures,  # type: ignore[arg-type]
        publishers=KEYS,
    )


def signed(*signers: notes.Signer, **fields: str) -> Release:
    """A release of organisation a."""
    made = release(**fields)  # type: ignore[arg-type]
    for each in signers:
        releases.sign(made, each)
    return made


def judged(sent: Release, rules: Policy | None = None, provider: str = "organisations/a") -> Judged:
    """What becomes of the release at the body that is subscribed to it."""
    state = mirror(offering(provider=provider), sent, subscription())
    [found] = judge(wanted(state, [SYSTEM]), rules or policy(), lambda _host: ["93.184.216.34"])
    state.close()
    return found


def outcome(sent: Release, rules: Policy | None = None, provider: str = "organisations/a") -> str:
    """The reason for which it is not served; '' when it is."""
    found = judged(sent, rules, provider)
    assert bool(found.service) is not bool(found.problem)
    return found.problem.reason if found.problem else ""


def test_threat_17_what_the_publisher_signed_is_served() -> None:
    assert outcome(signed(OURS)) == ""
    assert outcome(signed(STRANGER, OURS)) == ""


def test_threat_17_any_byte_that_is_flipped_is_refused_or_means_the_same() -> None:
    sent = signed(OURS)
    data, served = sent.SerializeToString(), 0
    for at in range(len(data)):
        for bit in range(8):
            hurt = bytearray(data)
            hurt[at] ^= 1 << bit
            try:
                found = Release.FromString(bytes(hurt))
            except Exception:  # noqa: BLE001, S112 - no release any more: it is set aside where it is read
                continue
            if found.name != sent.name:
                continue  # another resource: no subscription leads there
            result = judged(found)
            if result.service:
                served += 1
                route = result.service.routes[0]
                assert releases.payload(found) == releases.payload(sent), (at, bit)
                assert f"{route.upstream.scheme}://{route.upstream.host}{route.upstream.path}" == URL
    assert served < len(data)  # only what is not signed may change: where the release is in its life


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "https://evil.example.se/api"),
        ("version", "1.0.1"),
        ("notes", {"sv": "annat"}),
    ],
)
def test_threat_17_every_field_that_is_signed_is_looked_at(field: str, value: object) -> None:
    sent = signed(OURS)
    if field == "url":
        sent.interfaces[0].endpoints[0].url = str(value)
    else:
        sent.MergeFrom(Release(**{field: value}))  # type: ignore[arg-type]
    assert outcome(sent) == "POLICY_SIGNATURE_INVALID"
    assert outcome(sent, policy("accepted")) == "POLICY_SIGNATURE_INVALID"


def test_threat_17_a_contract_that_is_exchanged_is_refused() -> None:
    made = release()
    made.interfaces[0].spec.sha256 = "ab" * 32
    releases.sign(made, OURS)
    assert outcome(made) == ""
    made.interfaces[0].spec.sha256 = "cd" * 32
    assert outcome(made) == "POLICY_SIGNATURE_INVALID"


def test_threat_17_a_key_id_that_is_exchanged_is_refused() -> None:
    sent = signed(STRANGER)
    assert outcome(sent) == "POLICY_SIGNATURE_UNTRUSTED"
    sent.signatures[0].key_id = OURS.verifier.id
    assert outcome(sent) == "POLICY_SIGNATURE_INVALID"
    right = signed(OURS)
    right.signatures[0].key_id = STRANGER.verifier.id
    assert outcome(right) == "POLICY_SIGNATURE_UNTRUSTED"


def test_threat_17_the_key_of_another_provider_does_not_sign_for_this_one() -> None:
    assert outcome(signed(NEIGHBOUR)) == "POLICY_SIGNATURE_UNTRUSTED"
    assert outcome(signed(OURS), provider="organisations/c") == "POLICY_SIGNATURE_UNTRUSTED"
    assert outcome(signed(OURS), provider="organisations/unknown") == "POLICY_SIGNATURE_UNTRUSTED"


def test_threat_17_a_signature_of_another_release_is_refused() -> None:
    older = signed(OURS, version="0.9.0")
    sent = release()
    sent.signatures.extend(older.signatures)
    assert outcome(sent) == "POLICY_SIGNATURE_INVALID"
    renamed = signed(OURS, key="other")
    renamed.name = sent.name
    assert outcome(renamed) == "POLICY_SIGNATURE_INVALID"


def test_threat_17_a_release_is_taken_under_the_name_that_it_was_sent_by() -> None:
    other = signed(OURS, key="other")  # signed, whole, and of another offering
    state = mirror(offering(), subscription())
    sent = change("release", other, 2)
    state.take([type(sent)("release", release().name, 2, sent.document, "", "")])
    [found] = judge(wanted(state, [SYSTEM]), policy(), lambda _host: ["93.184.216.34"])
    state.close()
    assert found.service is None
    assert found.problem is not None


@pytest.mark.parametrize(
    ("signatures", "unsigned", "stranger"),
    [
        ("required", "POLICY_SIGNATURE_MISSING", "POLICY_SIGNATURE_UNTRUSTED"),
        ("accepted", "", ""),
        ("ignored", "", ""),
    ],
)
def test_threat_17_what_is_not_signed_is_the_body_s_own_choice(signatures: str, unsigned: str, stranger: str) -> None:
    assert outcome(release(), policy(signatures)) == unsigned
    assert outcome(signed(STRANGER), policy(signatures)) == stranger
    garbled = signed(OURS)
    garbled.signatures[0].signature = base64.b64encode(bytes(64)).decode()
    assert outcome(garbled, policy(signatures)) == ("" if signatures == "ignored" else "POLICY_SIGNATURE_INVALID")


def test_threat_17_a_host_is_not_looked_up_for_what_is_not_signed() -> None:
    state = mirror(offering(), release(), subscription())
    assert hosts(wanted(state, [SYSTEM]), policy()) == set()
    assert hosts(wanted(state, [SYSTEM]), policy("accepted")) == {"service.example.se"}
    state.close()


def test_threat_17_the_last_release_that_was_signed_is_served_on() -> None:
    state = mirror(offering(), signed(OURS), release("2.0.0"), subscription())
    [found] = judge(wanted(state, [SYSTEM]), policy(), lambda _host: ["93.184.216.34"])
    state.close()
    assert found.service is not None
    assert found.problem is not None
    assert (found.service.release, found.problem.reason) == (release().name, "POLICY_SIGNATURE_MISSING")


def test_threat_17_an_older_revision_that_is_sent_again_changes_nothing() -> None:
    older, newer = signed(OURS, url="https://old.example.se/api"), signed(OURS)
    state = mirror(offering(), subscription())
    state.take([change("release", newer, 9)])
    before = wanted(state, [SYSTEM])[0].endpoints
    for revision in (1, 8, 9):
        assert state.take([change("release", older, revision)]) == []
    assert wanted(state, [SYSTEM])[0].endpoints == before
    state.close()


def test_threat_17_the_registry_is_told_why() -> None:
    shelf, forged = Shelf(), signed(OURS, version="2.0.0")
    forged.interfaces[0].endpoints[0].url = "https://evil.example.se"
    with body(mirror(offering(), signed(OURS), subscription()), shelf, policy=policy()) as made:
        made.run()
        assert made.said()[-1] == "s1 PROVEN 1.0.0"
        made.take("release", forged, 5)
        made.run()
        assert made.said() == ["s1 PROVEN POLICY_SIGNATURE_INVALID"]
        assert "evil" not in str(shelf.held)
        made.take("release", Release(name=forged.name, version="2.0.0"), 6)
        made.take("release", release(), 7)
        made.run()
        assert made.said() == ["s1 PLANNED POLICY_SIGNATURE_MISSING"]
        made.state.close()


def test_threat_17_a_key_that_is_damaged_is_no_policy() -> None:
    with pytest.raises(ValueError, match="damaged"):
        Policy(organisations=("*",), hosts=("*",), publishers={"organisations/a": (f"x{OURS.verifier}",)})
