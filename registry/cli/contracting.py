"""`gemensam contract`: build a contract, ask a server for its own, hold two against each other."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli import options, render
from registry.cli.failure import USAGE, Failure

if TYPE_CHECKING:
    from registry.api.v1.verdict_pb2 import InterfaceVerdict

BREAKING, UNKNOWN = 3, 4
MEDIA_TYPES = {
    ".binpb": "application/x-protobuf",
    ".pb": "application/x-protobuf",
    ".json": "application/json",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}
Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the contract is written.", show_default=False)]
_CONTRACT = typer.Argument(exists=True, dir_okay=False, show_default=False)


def build(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder that imports start from.")],
    out: Out,
    *,
    as_json: options.Json = False,
) -> None:
    """Make one contract of all .proto files in a folder, with everything that they import."""
    from registry.contracts.protobuf.building import build as built  # noqa: PLC0415
    from registry.contracts.protobuf.descriptors import Incomplete  # noqa: PLC0415 - help and completion need none of it

    try:
        content = built(folder)
    except Incomplete as error:
        raise Failure(f"{folder}: {error}", remedy="Name the folder that the imports start from.") from error
    _write(out, content, as_json=as_json)


def reflect(
    target: Annotated[str, typer.Argument(metavar="HOST:PORT", show_default=False)],
    out: Out,
    *,
    tls: Annotated[bool, typer.Option("--tls", help="Speak TLS; certificates are verified.")] = False,
    as_json: options.Json = False,
) -> None:
    """Ask a running server for the contract of its services, by gRPC reflection."""
    from registry.cli.reflecting import reflect as reflected  # noqa: PLC0415 - help and completion need none of it

    _write(out, reflected(target, tls=tls), as_json=as_json)


def compare(
    before: Annotated[Path, _CONTRACT], after: Annotated[Path, _CONTRACT], *, as_json: options.Json = False
) -> None:
    """Say whether one contract can take the place of another.

    Exit code 0 when it can, 3 when something breaks, 4 when nobody can say.
    """
    from registry.api.v1.verdict_pb2 import VerdictOutcome  # noqa: PLC0415 - help and completion need none of it

    verdict = _verdict(before, after)
    render.json_line(verdict) if as_json else _show(verdict)
    codes = {VerdictOutcome.VERDICT_OUTCOME_COMPATIBLE: 0, VerdictOutcome.VERDICT_OUTCOME_BREAKING: BREAKING}
    raise typer.Exit(codes.get(verdict.outcome, UNKNOWN))


def _verdict(before: Path, after: Path) -> "InterfaceVerdict":
    from registry.contracts.compare import check, compare  # noqa: PLC0415 - help and completion need none of it

    contracts = [(_media_type(each), _content(each)) for each in (before, after)]
    for each in contracts:
        check(*each)
    return compare(*contracts[0], *contracts[1])


def _media_type(path: Path) -> str:
    if (found := MEDIA_TYPES.get(path.suffix.lower())) is None:
        raise Failure(f"{path}: what it holds is told by its ending: {', '.join(MEDIA_TYPES)}.", exit_code=USAGE)
    return found


def _content(path: Path) -> bytes:
    from registry.domain.limits import SPEC_BYTES  # noqa: PLC0415 - help and completion need none of it

    with path.open("rb") as opened:
        content = opened.read(SPEC_BYTES + 1)
    if len(content) > SPEC_BYTES:
        raise Failure(f"{path}: has more than {SPEC_BYTES} bytes; that much a contract may have.")
    return content


def _write(out: Path, content: bytes, *, as_json: bool) -> None:
    import hashlib  # noqa: PLC0415 - help and completion need none of it

    out.write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    if as_json:
        render.json_line({"file": str(out), "sha256": sha256, "size": len(content)})
    else:
        render.line(f"{out}: {len(content)} bytes, SHA-256 {sha256}.")


def _show(verdict: "InterfaceVerdict") -> None:
    from registry.api.v1.verdict_pb2 import VerdictOutcome, VersionStep  # noqa: PLC0415

    if verdict.findings:
        rows = [["breaks" if each.breaking else "", each.rule, each.path, each.text] for each in verdict.findings]
        render.Rows("", "rule", "where", "what").print(rows)
    if verdict.omitted:
        render.line(f"and {verdict.omitted} more")
    outcome = VerdictOutcome.Name(verdict.outcome).removeprefix("VERDICT_OUTCOME_").lower()
    step = VersionStep.Name(verdict.demands).removeprefix("VERSION_STEP_").lower() if verdict.demands else ""
    why = verdict.reason or f"the version must take a step of at least {step}."
    render.line(f"{outcome.capitalize()}: {why}")
