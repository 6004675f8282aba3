"""`gemensam ledger key`, `checkpoint`, `compare`, `prove`: what two bodies need to know that they see one history."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.cli import options, render
from registry.errors import Invalid, Precondition

if TYPE_CHECKING:
    from registry.cli.connection import Registry
    from registry.evidence.checkpoints import Checkpoint

SAME, TWO_HISTORIES = 0, 3
Key = Annotated[
    str | None,
    typer.Option(
        "--key",
        metavar="KEY|FILE",
        help="The registry's public key, from elsewhere than the registry; else the one that it tells.",
        show_default=False,
    ),
]
File = Annotated[Path, typer.Argument(metavar="FILE", help="A checkpoint that was saved.")]
Saved = Annotated[
    Path | None,
    typer.Option(
        "--checkpoint", metavar="FILE", help="For a saved checkpoint; else for a new one.", show_default=False
    ),
]


def key(data: options.Data = None, database_url: options.DatabaseUrl = None, *, as_json: options.Json = False) -> None:
    """Show the public key of the registry whose folder this is: give it to those who check checkpoints."""
    from registry.app import signing_key  # noqa: PLC0415 - help and completion need none of it

    signer = signing_key(options.settings(data=data, database_url=database_url), make=False)
    if signer is None:
        text = "No key signs here: GEMENSAM_SIGNING_KEY names none."
        raise Precondition("SIGNING_KEY_MISSING", text, setting="GEMENSAM_SIGNING_KEY")
    if as_json:
        render.json_line({"key": str(signer.verifier), "name": signer.verifier.name})
    else:
        render.line(str(signer.verifier))


def checkpoint(
    *,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Keep it there.", show_default=False)] = None,
    since: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Prove that nothing before an older one was rewritten.", show_default=False),
    ] = None,
    key: Key = None,
    address: options.Address = None,
    as_json: options.Json = False,
) -> None:
    """Let the registry sign what its ledger holds. Exit code 3: it is not what it was at the older checkpoint."""
    from registry.cli import proofs  # noqa: PLC0415 - help and completion need none of it
    from registry.cli.connection import connected  # noqa: PLC0415

    with connected(options.address(address)) as registry:
        new, note, trusted = proofs.newest(registry, proofs.verifier(key) if key else None)
        old = proofs.saved(since, trusted) if since else None
        if old and not proofs.is_continued(registry, old, new):
            _tell("two_histories", old, new, as_json=as_json)
            raise typer.Exit(TWO_HISTORIES)
    if out:
        proofs.write(out, note)
    if as_json:
        render.json_line({**_fields(new), "key": str(trusted), "since": old.size if old else 0, "checkpoint": note})
    elif out:
        _said(new, old, out)
    else:
        render.line(note.removesuffix("\n"))


def _said(new: "Checkpoint", old: "Checkpoint | None", out: Path) -> None:
    since = f" Nothing of the first {old.size} entries was altered, removed or inserted." if old else ""
    render.line(f"{out} holds the checkpoint of {new.origin} at revision {new.size}.{since}")


def compare(
    one: File,
    other: File,
    *,
    key: Key = None,
    address: options.Address = None,
    as_json: options.Json = False,
) -> None:
    """Tell whether two checkpoints are of one history. Exit codes: 0 they are; 3 they are of two; 1 any error.

    Without --key, or for two sizes, the registry is asked; what it answers is checked.
    """
    from registry.cli import proofs  # noqa: PLC0415 - help and completion need none of it
    from registry.cli.connection import connected  # noqa: PLC0415

    with connected(options.address(address)) as registry:
        trusted = proofs.verifier(key) if key else proofs.newest(registry, None)[2]
        old, new = sorted((proofs.saved(each, trusted) for each in (one, other)), key=lambda each: each.size)
        continued = proofs.is_continued(registry, old, new)
    _tell("one_history" if continued else "two_histories", old, new, as_json=as_json)
    raise typer.Exit(SAME if continued else TWO_HISTORIES)


def _tell(verdict: str, old: "Checkpoint", new: "Checkpoint", *, as_json: bool) -> None:
    if as_json:
        render.json_line({"verdict": verdict, "old": _fields(old), "new": _fields(new)})
    elif verdict == "one_history":
        render.line(f"One history: the {old.size} entries of the one are the first of the {new.size} of the other.")
    elif old.size == new.size:
        render.line(f"TWO HISTORIES: {new.origin} signed two roots for the same {new.size} entries:")
        _roots(old, new)
        render.line("Both are signed by its key, so the two files together are the proof. Keep them.")
    else:
        render.line(f"TWO HISTORIES: {new.origin} cannot prove that one goes on from the other:")
        _roots(old, new)
    if not as_json and verdict != "one_history" and old.generation != new.generation:
        render.line(
            "The store was restored from a backup in between: entries newer than the backup may have been lost."
        )


def _roots(*found: "Checkpoint") -> None:
    for each in found:
        render.line(f"  size {each.size}  root {each.root.hex()}  generation {each.generation}")


def _fields(found: "Checkpoint") -> dict[str, Any]:
    return {
        "origin": found.origin,
        "size": found.size,
        "root": found.root.hex(),
        "generation": found.generation,
    }


def prove(
    revision: Annotated[int, typer.Argument(min=1, help="The entry.")],
    *,
    saved: Saved = None,
    key: Key = None,
    address: options.Address = None,
    as_json: options.Json = False,
) -> None:
    """Prove that an entry is in the ledger that a checkpoint was signed for, as it is read now."""
    from registry.cli import proofs  # noqa: PLC0415 - help and completion need none of it
    from registry.cli.connection import connected  # noqa: PLC0415

    with connected(options.address(address)) as registry:
        new, _, trusted = proofs.newest(registry, proofs.verifier(key) if key else None)
        whole = proofs.saved(saved, trusted) if saved else new
        name, hashes = _proven(registry, revision, whole)
    if as_json:
        proof = [each.hex() for each in hashes]
        render.json_line({"revision": revision, "name": name, "checkpoint": _fields(whole), "hashes": proof})
    else:
        what = name or "an entry that is no longer kept"
        render.line(f"Proven: revision {revision} ({what}) is in the ledger of {whole.origin} at size {whole.size}.")


def _proven(registry: "Registry", revision: int, whole: "Checkpoint") -> tuple[str, list[bytes]]:
    """Name of the entry ('' when it is no longer kept) and the proof. Errors: EVIDENCE_INVALID; Failure."""
    from registry.api.v1.evidence_service_pb2 import GetInclusionProofRequest  # noqa: PLC0415 - as above
    from registry.evidence import entries, merkle  # noqa: PLC0415

    request = GetInclusionProofRequest(revision=revision, size=whole.size)
    answer = registry.call(registry.evidence.GetInclusionProof, request)
    change = _entry(registry, revision)
    leaf = merkle.leaf_hash(bytes.fromhex(entries.entry_hash(change))) if change else answer.leaf_hash
    if not merkle.is_included(leaf, revision - 1, whole.size, list(answer.hashes), whole.root):
        problem = f"what it shows as revision {revision} is not in the ledger that it signed at size {whole.size}"
        raise Invalid("EVIDENCE_INVALID", f"{registry.address}: {problem}.", name=registry.address, problem=problem)
    return (change.name if change else ""), list(answer.hashes)


def _entry(registry: "Registry", revision: int) -> Any:
    """The entry as the feed has it; None when it is no longer kept. Errors: Failure."""
    from registry.api.v1.feed_service_pb2 import GetHeadRequest, ListChangesRequest  # noqa: PLC0415 - as above

    if revision < registry.call(registry.feed.GetHead, GetHeadRequest()).floor_revision:
        return None
    request = ListChangesRequest(start_revision=revision, page_size=1)
    found = registry.call(registry.feed.ListChanges, request).changes
    return found[0] if found and found[0].revision == revision else None
