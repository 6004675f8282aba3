"""EvidenceService: checkpoints of the ledger, and the proofs that lead to them."""

from typing import Any

from registry.api.v1 import evidence_service_pb2 as pb
from registry.errors import Invalid, Precondition
from registry.evidence import merkle
from registry.evidence.checkpoints import Checkpoint
from registry.evidence.notes import Signer
from registry.store import Caller, Leaves, Store, View


class Evidence:
    """Use cases of EvidenceService. Without a `signer` there are proofs, and no checkpoints."""

    def __init__(self, store: Store, signer: Signer | None) -> None:
        self._store, self._signer = store, signer

    async def get_checkpoint(self, request: pb.GetCheckpointRequest, _caller: Caller) -> pb.GetCheckpointResponse:
        """What is in the ledger, signed. Errors: SIGNING_KEY_MISSING; REVISION_IN_FUTURE."""
        signer = self._signer
        if signer is None:
            text = "This registry signs no checkpoints: GEMENSAM_SIGNING_KEY names no key."
            raise Precondition("SIGNING_KEY_MISSING", text, setting="GEMENSAM_SIGNING_KEY")

        def read(view: View, leaves: Leaves) -> pb.GetCheckpointResponse:
            size = _size(request.size, "size", leaves)
            root = merkle.root(leaves.node, size)
            return pb.GetCheckpointResponse(
                checkpoint=Checkpoint(signer.verifier.name, size, root, view.generation).signed(signer),
                size=size,
                root=root,
                verifier_key=str(signer.verifier),
                revision=view.revision,
                generation=view.generation,
            )

        return await self._store.prove(read)

    async def get_inclusion_proof(
        self, request: pb.GetInclusionProofRequest, _caller: Caller
    ) -> pb.GetInclusionProofResponse:
        """That an entry is among the first ones. Errors: REVISION_IN_FUTURE."""

        def read(view: View, leaves: Leaves) -> pb.GetInclusionProofResponse:
            size = _size(request.size, "size", leaves)
            if request.revision < 1:
                raise _wrong("revision", "is required: a number from 1")
            if request.revision > size:
                raise _future(request.revision, size)
            index = request.revision - 1
            return pb.GetInclusionProofResponse(
                hashes=merkle.inclusion(leaves.node, index, size),
                leaf_hash=leaves.node(0, index),
                size=size,
                root=merkle.root(leaves.node, size),
                revision=view.revision,
                generation=view.generation,
            )

        return await self._store.prove(read)

    async def get_consistency_proof(
        self, request: pb.GetConsistencyProofRequest, _caller: Caller
    ) -> pb.GetConsistencyProofResponse:
        """That the ledger of one size begins with that of another. Errors: REVISION_IN_FUTURE."""

        def read(view: View, leaves: Leaves) -> pb.GetConsistencyProofResponse:
            size = _size(request.to_size, "to_size", leaves)
            if not 0 <= request.from_size <= size:
                raise _wrong("from_size", f"must be from 0 to {size}")
            return pb.GetConsistencyProofResponse(
                hashes=merkle.consistency(leaves.node, request.from_size, size),
                to_size=size,
                revision=view.revision,
                generation=view.generation,
            )

        return await self._store.prove(read)


def _size(asked: int, field: str, leaves: Leaves) -> int:
    if asked < 0:
        raise _wrong(field, "must not be negative; 0 takes all there are")
    if asked > leaves.size:
        raise _future(asked, leaves.size)
    return asked or leaves.size


def _future(asked: int, newest: int) -> Precondition:
    numbers: dict[str, Any] = {"requested_revision": asked, "head_revision": newest}
    text = f"Revision {asked} has not been reached; the newest is {newest}."
    return Precondition("REVISION_IN_FUTURE", text, **numbers)


def _wrong(field: str, what: str) -> Invalid:
    return Invalid("FIELD_INVALID", f"{field} {what}.", violations=[(field, what)], field=field)
