"""What a publisher signs: bytes that others can make too, and a signature that others can check."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from registry.api.v1.release_pb2 import Release
from registry.domain import release as rules
from registry.domain.violations import Violations
from registry.errors import Invalid
from registry.evidence import notes, releases

SIGNER = notes.read_signer("PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")


def made() -> Release:
    return Release(
        name="offerings/permits/releases/2.0.0",
        version="2.0.0",
        state="RELEASE_STATE_PUBLISHED",  # type: ignore[arg-type]
        notes={"sv": 'Ny "e-tjänst"\n'},
        interfaces=[
            {
                "id": "api",
                "kind": "INTERFACE_KIND_REST",
                "endpoints": [{"environment": "ENVIRONMENT_PRODUCTION", "url": "https://permits.example/api"}],
                "spec": {"media_type": "application/json", "sha256": "ab" * 32, "size": 9},
            },
            {"id": "files", "kind": "INTERFACE_KIND_FILE"},
        ],
    )


def test_the_payload_is_the_one_that_the_contract_describes() -> None:
    assert releases.payload(made()).decode() == (
        '{"interfaces":[{"endpoints":[{"environment":"ENVIRONMENT_PRODUCTION","url":"https://permits.example/api"}],'
        f'"id":"api","kind":"INTERFACE_KIND_REST","sha256":"{"ab" * 32}"}},'
        '{"endpoints":[],"id":"files","kind":"INTERFACE_KIND_FILE","sha256":""}],'
        '"name":"offerings/permits/releases/2.0.0","notes":{"en":"","sv":"Ny \\"e-tjänst\\"\\n"},"version":"2.0.0"}'
    )


def test_the_encoding_is_that_of_the_example_of_dsse() -> None:
    encoded = releases.pre_authentication("http://example.com/HelloWorld", b"hello world")
    assert encoded == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_others_can_check_the_envelope_without_us() -> None:
    release = made()
    releases.sign(release, SIGNER)
    found = json.loads(json.dumps(releases.envelope(release)))
    content = base64.b64decode(found["payload"])
    assert json.loads(content)["version"] == "2.0.0"
    kind = found["payloadType"]
    signed = f"DSSEv1 {len(kind)} {kind} {len(content)} ".encode() + content
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(str(SIGNER.verifier).split("+", 2)[2])[1:])
    key.verify(base64.b64decode(found["signatures"][0]["sig"]), signed)
    assert found["signatures"][0]["keyid"] == "PeterNeumann+c74f20a3"


def test_a_key_signs_once_and_beside_others() -> None:
    release, other = made(), notes.make("other.example")
    for signer in (SIGNER, other, SIGNER):
        releases.sign(release, signer)
    assert [each.key_id for each in release.signatures] == [other.verifier.id, SIGNER.verifier.id]
    assert releases.signers(release, [SIGNER.verifier, other.verifier]) == (
        [other.verifier.id, SIGNER.verifier.id],
        [],
    )
    release.version = "2.0.1"
    assert releases.signers(release, [SIGNER.verifier]) == ([], [SIGNER.verifier.id])


@pytest.mark.parametrize("field", ["uid", "etag", "revision", "state", "labels", "breaking_reason", "publish_time"])
def test_what_the_registry_sets_is_not_signed(field: str) -> None:
    release = made()
    releases.sign(release, SIGNER)
    values = {"revision": 7, "state": 4, "labels": {"a": "b"}, "publish_time": {"seconds": 1}}
    changed = Release(**{field: values.get(field, "other")})
    release.MergeFrom(changed)
    assert releases.signers(release, [SIGNER.verifier]) == ([SIGNER.verifier.id], [])


def test_a_number_that_is_no_value_yet_is_signed_as_what_it_is() -> None:
    known, newer, none = made(), made(), made()
    newer.interfaces[0].kind = 99  # type: ignore[assignment]
    none.interfaces[0].kind = 0  # type: ignore[assignment]
    assert len({releases.payload(each) for each in (known, newer, none)}) == 3
    assert b'"kind":"99"' in releases.payload(newer)


@pytest.mark.parametrize(
    ("key_id", "signature", "wrong"),
    [
        ("a.example+1a2b3c4d", base64.b64encode(bytes(64)).decode(), []),
        ("a.example", base64.b64encode(bytes(64)).decode(), ["signatures[0].key_id"]),
        ("a b+1a2b3c4d", base64.b64encode(bytes(64)).decode(), ["signatures[0].key_id"]),
        ("a.example+1a2b3c4d", base64.b64encode(bytes(63)).decode(), ["signatures[0].signature"]),
        ("", "", ["signatures[0].key_id", "signatures[0].signature"]),
    ],
)
def test_the_registry_asks_for_the_form_alone(key_id: str, signature: str, wrong: list[str]) -> None:
    release, found = made(), Violations()
    release.signatures.add(key_id=key_id, signature=signature)
    rules.RULES.check(release, found)
    refused: list[str] = []
    try:
        found.refuse()
    except Invalid as error:
        refused = [field for field, _ in error.violations]
    assert refused == wrong
