"""What a publisher signs of a release, and how others check it: DSSE, whatever lies between the two.

Only what the publisher declares is signed. Where a release is in its life, and when, is the registry's word.
"""

import base64
import binascii
import json
from collections.abc import Iterable
from typing import Any

from registry.api.v1.environment_pb2 import Environment
from registry.api.v1.release_pb2 import InterfaceKind, Release, Signature
from registry.evidence.notes import Signer, Verifier

PAYLOAD_TYPE = "application/vnd.gemensam.release+json"


def payload(release: Release, name: str = "") -> bytes:
    """The canonical bytes of the release, as `release.proto` describes them; of one called `name`, if given."""
    content = {
        "name": name or release.name,
        "version": release.version,
        "notes": {"sv": release.notes.sv, "en": release.notes.en},
        "interfaces": [_interface(each) for each in release.interfaces],
    }
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _interface(interface: Any) -> dict[str, Any]:
    endpoints = [{"environment": _name(Environment, each.environment), "url": each.url} for each in interface.endpoints]
    kind = _name(InterfaceKind, interface.kind)
    return {"id": interface.id, "kind": kind, "endpoints": endpoints, "sha256": interface.spec.sha256}


def _name(enum: Any, number: int) -> str:
    """A value that this program does not know stands as its number, so that it is not taken for another."""
    if not number:
        return ""
    return str(enum.Name(number)) if number in enum.values() else str(number)


def pre_authentication(payload_type: str, content: bytes) -> bytes:
    """What is signed of a payload (DSSE version 1, PAE)."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(content), content)


def sign(release: Release, signer: Signer) -> None:
    """Put the key's signature on the release, in the place of one that it has given before."""
    others = [each for each in release.signatures if each.key_id != signer.verifier.id]
    signature = signer.sign(pre_authentication(PAYLOAD_TYPE, payload(release)))
    mine = Signature(key_id=signer.verifier.id, signature=base64.b64encode(signature).decode())
    del release.signatures[:]
    release.signatures.extend([*others, mine])


def envelope(release: Release) -> dict[str, Any]:
    """The whole DSSE envelope in its JSON form, for other programs."""
    return {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(payload(release)).decode(),
        "signatures": [{"keyid": each.key_id, "sig": each.signature} for each in release.signatures],
    }


def signers(release: Release, trusted: Iterable[Verifier], name: str = "") -> tuple[list[str], list[str]]:
    """Ids of those trusted keys whose signature is right, and of those that are named with one that is not."""
    keys = {each.id: each for each in trusted}
    named = [each for each in release.signatures if each.key_id in keys]
    message = pre_authentication(PAYLOAD_TYPE, payload(release, name)) if named else b""
    right = [each.key_id for each in named if keys[each.key_id].is_right(_bytes(each.signature), message)]
    return right, [each.key_id for each in named if each.key_id not in right]


def _bytes(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return b""
