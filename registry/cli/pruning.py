"""`gemensam prune`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registry.cli import files, options, render, verdict
from registry.cli.failure import FAILED, UNREACHABLE, USAGE, Failure

if TYPE_CHECKING:
    from registry.cli.connection import Registry
    from registry.cli.outgoing import Scope, Step

DEFAULT = ["offering", "release"]
Provider = Annotated[
    str, typer.Option(metavar="ORGANISATION", help="Only what this organisation provides or has.", show_default=False)
]
Selector = Annotated[str, typer.Option(metavar="KEY=VALUE,...", help="Only what has these labels.", show_default=False)]
Kinds = Annotated[
    list[str] | None,
    typer.Option(help="Of offering, release, agreement, interest, capability: offering,release.", show_default=False),
]
Subscribed = Annotated[bool, typer.Option("--subscribed", help="Also what has live subscriptions; else it is kept.")]


def prune(
    paths: files.Paths,
    address: options.Address = None,
    *,
    provider: Provider = "",
    selector: Selector = "",
    kinds: Kinds = None,
    subscribed: Subscribed = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it; else it is only shown.")] = False,
    as_json: options.Json = False,
) -> None:
    """Take out of the registry what definition files do not name any more, by the steps that its notice allows.

    Offerings are withdrawn, releases deprecated and then retired; nothing is erased. The scope must be named.
    Exit codes: 0 nothing is left to do; 2 something is; 1 any error.
    """
    scope = _scope(provider, selector)
    from registry.cli import nouns, outgoing  # noqa: PLC0415 - help and completion need none of it
    from registry.cli.connection import connected  # noqa: PLC0415

    wanted = [nouns.noun(word, list(outgoing.KINDS)) for word in _words(kinds)] or DEFAULT
    where = options.address(address)
    named = {each.name for each in files.read(paths, None).items}
    with connected(where) as registry:
        found = _steps(registry, named, scope, wanted)
        told = [_told(registry, each, yes=yes, subscribed=subscribed) for each in found]
    _show(told, as_json=as_json)
    if any(each["outcome"] == "refused" for each in told):
        raise typer.Exit(FAILED)
    if any(each["outcome"] in {"would", "kept"} for each in told):
        raise typer.Exit(verdict.CHANGES)


def _words(kinds: Sequence[str] | None) -> list[str]:
    return [word.strip() for each in kinds or () for word in each.split(",") if word.strip()]


def _scope(provider: str, selector: str) -> "Scope":
    from registry.cli.outgoing import Scope  # noqa: PLC0415 - help and completion need none of it

    pairs = [part.partition("=") for part in selector.split(",") if part.strip()]
    if not provider and not pairs:
        raise Failure("Say within what: --provider ORGANISATION, or --selector KEY=VALUE.", exit_code=USAGE)
    if wrong := [key for key, equals, _ in pairs if not equals or not key.strip()]:
        raise Failure(f"--selector takes KEY=VALUE, and {wrong[0]!r} is none.", exit_code=USAGE)
    labels = {key.strip(): value.strip() for key, _, value in pairs}
    return Scope(options.name(provider, "organisations") if provider else "", labels)


def _steps(registry: "Registry", named: set[str], scope: "Scope", kinds: Sequence[str]) -> "list[Step]":
    from registry.cli import exporting, outgoing  # noqa: PLC0415 - help and completion need none of it

    if scope.provider:
        registry.get("organisation", scope.provider)
    read = list(dict.fromkeys(("offering", *kinds)))
    resources = list(exporting.pages(registry, read, ""))
    return outgoing.counted(registry, outgoing.steps(resources, named, scope, kinds), resources)


def _told(registry: "Registry", step: "Step", *, yes: bool, subscribed: bool) -> dict[str, Any]:
    """What becomes of a step: would, kept, wait, done or refused. Errors: Failure when the registry goes away."""
    told = {"name": step.name, "step": step.verb, "what": step.what, "subscribers": step.subscribers}
    if not step.is_open:
        return told | {"outcome": "wait"}
    if step.subscribers and not subscribed:
        return told | {"outcome": "kept"}
    if not yes:
        return told | {"outcome": "would"}
    try:
        _take(registry, step)
    except Failure as error:
        if error.exit_code == UNREACHABLE:
            raise
        return told | {"outcome": "refused", "reason": error.reason, "message": error.message}
    return told | {"outcome": "done"}


def _take(registry: "Registry", step: "Step") -> None:
    """Take the step, if the resource is still as it was shown. Errors: Failure."""
    from registry.api.v1 import capability_service_pb2 as capabilities  # noqa: PLC0415 - help needs none of it
    from registry.api.v1 import offering_service_pb2 as offerings  # noqa: PLC0415
    from registry.api.v1 import onboarding_service_pb2 as onboarding  # noqa: PLC0415
    from registry.domain.names import kind_of  # noqa: PLC0415

    calls: dict[tuple[str, str], tuple[Any, Any]] = {
        ("withdraw", "offering"): (registry.offerings.WithdrawOffering, offerings.WithdrawOfferingRequest),
        ("deprecate", "release"): (registry.offerings.DeprecateRelease, offerings.DeprecateReleaseRequest),
        ("retire", "release"): (registry.offerings.RetireRelease, offerings.RetireReleaseRequest),
        ("retire", "capability"): (registry.capabilities.RetireCapability, capabilities.RetireCapabilityRequest),
        ("end", "agreement"): (registry.onboarding.EndAgreement, onboarding.EndAgreementRequest),
        ("delete", "interest"): (registry.onboarding.DeleteInterest, onboarding.DeleteInterestRequest),
    }
    method, request = calls[step.verb, kind_of(step.name)]
    registry.call(method, request(name=step.name, etag=step.etag))


def _show(told: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        for each in told:
            render.json_line(each)
        return
    if told:
        rows = [(each["outcome"], each["step"], each["name"], _words_of(each)) for each in told]
        render.Rows("outcome", "step", "resource", "").print(rows)
    counts = {outcome: sum(each["outcome"] == outcome for each in told) for outcome in _ENDS}
    render.line(f"{render.counted((count, _ENDS[outcome]) for outcome, count in counts.items())}.".capitalize())


_ENDS = {
    "would": "to be taken out: add --yes",
    "done": "taken out",
    "kept": "kept for their subscribers: add --subscribed",
    "wait": "on their way out",
    "refused": "refused",
}


def _words_of(told: dict[str, Any]) -> str:
    if told["outcome"] == "refused":
        return f"{told['reason']}: {told['message']}"
    count = told["subscribers"]
    uses = f"{count} live subscription{'s' * (count > 1)}; " if count else ""
    return f"{uses}{told['what']}"
