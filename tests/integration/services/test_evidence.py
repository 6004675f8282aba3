"""Checkpoints and proofs over a real channel, on each engine, checked as an auditor does."""

from pathlib import Path
from typing import Any

import grpc
import pytest

from registry.api.v1 import evidence_service_pb2 as pb
from registry.api.v1.evidence_service_pb2_grpc import EvidenceServiceStub
from registry.api.v1.feed_service_pb2 import ListChangesRequest
from registry.app import running
from registry.evidence import checkpoints, entries, keyfile, merkle, notes
from registry.settings import Settings
from tests.integration.api import Api
from tests.integration.services.street import refusal

NAME = "registry.example"


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of a registry with a key of its own."""
    keyfile.write(tmp_path / "own.key", notes.make(NAME))
    return Settings(
        data=tmp_path / "data",
        database_url=database_url,
        grpc_address="127.0.0.1:0",
        web_address="",
        signing_key=tmp_path / "own.key",
    )


@pytest.fixture
async def evidence(channel: grpc.aio.Channel, api: Api) -> Any:
    """The service, with a few entries to prove."""
    await api.body("a")
    await api.offer()
    await api.publish()
    return EvidenceServiceStub(channel)


async def test_a_checkpoint_is_signed_and_proves_every_entry_of_the_feed(
    evidence: Any, api: Api, settings: Settings
) -> None:
    answer = await evidence.GetCheckpoint(pb.GetCheckpointRequest())
    assert settings.signing_key is not None
    key = keyfile.read(settings.signing_key).verifier
    assert answer.verifier_key == str(key)
    found = checkpoints.checked(answer.checkpoint, key)
    assert (found.origin, found.size, found.root) == (NAME, answer.size, answer.root)
    assert found.generation == answer.generation
    changes = (await api.feed.ListChanges(ListChangesRequest())).changes
    assert [each.revision for each in changes] == list(range(1, found.size + 1))
    for each in changes:
        assert entries.entry_hash(each) == each.hash
        proof = await evidence.GetInclusionProof(pb.GetInclusionProofRequest(revision=each.revision, size=found.size))
        leaf = merkle.leaf_hash(bytes.fromhex(each.hash))
        assert (proof.leaf_hash, proof.root, proof.size) == (leaf, found.root, found.size)
        assert merkle.is_included(leaf, each.revision - 1, found.size, list(proof.hashes), found.root)


async def test_what_comes_later_is_consistent_with_what_was_signed(evidence: Any, api: Api) -> None:
    old = await evidence.GetCheckpoint(pb.GetCheckpointRequest())
    await api.body("b")
    new = await evidence.GetCheckpoint(pb.GetCheckpointRequest())
    assert new.size > old.size
    again = await evidence.GetCheckpoint(pb.GetCheckpointRequest(size=old.size))
    assert again.checkpoint == old.checkpoint
    request = pb.GetConsistencyProofRequest(from_size=old.size)
    proof = await evidence.GetConsistencyProof(request)
    assert proof.to_size == new.size
    assert merkle.is_consistent(old.size, new.size, old.root, new.root, list(proof.hashes))
    assert not merkle.is_consistent(old.size, new.size, new.root, new.root, list(proof.hashes))


async def test_what_is_not_there_is_refused_with_a_reason(evidence: Any) -> None:
    head = (await evidence.GetCheckpoint(pb.GetCheckpointRequest())).size
    future = {"requested_revision": str(head + 1), "head_revision": str(head)}
    calls = [
        evidence.GetCheckpoint(pb.GetCheckpointRequest(size=head + 1)),
        evidence.GetInclusionProof(pb.GetInclusionProofRequest(revision=1, size=head + 1)),
        evidence.GetInclusionProof(pb.GetInclusionProofRequest(revision=head + 1)),
        evidence.GetConsistencyProof(pb.GetConsistencyProofRequest(from_size=1, to_size=head + 1)),
    ]
    for call in calls:
        assert await refusal(call) == ("FAILED_PRECONDITION", "REVISION_IN_FUTURE", future)
    calls = [
        evidence.GetCheckpoint(pb.GetCheckpointRequest(size=-1)),
        evidence.GetInclusionProof(pb.GetInclusionProofRequest()),
        evidence.GetConsistencyProof(pb.GetConsistencyProofRequest(from_size=3, to_size=2)),
        evidence.GetConsistencyProof(pb.GetConsistencyProofRequest(from_size=-1)),
    ]
    for call in calls:
        assert (await refusal(call))[:2] == ("INVALID_ARGUMENT", "FIELD_INVALID")


async def test_the_empty_ledger_has_a_checkpoint(channel: grpc.aio.Channel) -> None:
    stub: Any = EvidenceServiceStub(channel)
    answer = await stub.GetCheckpoint(pb.GetCheckpointRequest())
    assert (answer.size, answer.root) == (0, merkle.EMPTY)


async def test_servers_that_share_a_database_need_a_key_that_they_share(settings: Settings) -> None:
    bare = settings.model_copy(update={"signing_key": None})
    async with running(bare) as one, grpc.aio.insecure_channel(one.grpc_address) as opened:
        stub: Any = EvidenceServiceStub(opened)
        refused = await refusal(stub.GetCheckpoint(pb.GetCheckpointRequest()))
        proof = await stub.GetConsistencyProof(pb.GetConsistencyProofRequest())
    assert refused[:2] == ("FAILED_PRECONDITION", "SIGNING_KEY_MISSING")
    assert not proof.hashes
