"""`gemensam grants|keys|principals`: who may what for whom, and who was refused."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from registry.cli import options, render
from registry.cli.failure import USAGE, Failure
from registry.domain.problem import nearest, quoted

PAGE = 1000
For = Annotated[str, typer.Option("--for", help="Organisation, or its last segment; empty: the registry itself.")]
May = Annotated[
    list[str],
    typer.Option("--may", help="read, declare, publish, agree, onboard, report, grant, operate: a,b or several."),
]
Below = Annotated[str, typer.Option("--below", help="Only this resource and what is below it.")]
Days = Annotated[int, typer.Option("--days", min=1, help="For how many days.")]
Name = Annotated[str, typer.Argument(help="Name, or its last segment.")]
SIGNS = "read,onboard,report"


def grant(  # noqa: PLR0917 - options of a command
    principal: Annotated[str, typer.Argument(help="certificates/ISSUER/NUMBER, tokens/ISSUER/CLIENT or keys/KEY.")],
    organisation: For = "",
    may: May = [SIGNS],  # noqa: B006 - Typer reads it, nobody writes it
    below: Below = "",
    days: Days = 365,
    evidence: Annotated[str, typer.Option(help="What it rests on, for example a case number.")] = "",
    address: options.Address = None,
    *,
    as_json: options.Json = False,
) -> None:
    """Let a principal act for an organisation. One that an operator gives waits for a second operator."""
    from registry.api.v1.access_pb2 import Grant  # noqa: PLC0415 - help and completion need none of it
    from registry.api.v1.access_service_pb2 import CreateGrantRequest  # noqa: PLC0415

    wanted = Grant(principal=principal, evidence=evidence, **_scope(organisation, may, below))
    wanted.valid_to.FromDatetime(datetime.now(UTC) + timedelta(days=days))
    with _registry(address) as registry:
        request = CreateGrantRequest(grant=wanted, request_id=str(uuid.uuid4()))
        found = registry.call(registry.access.CreateGrant, request).grant
    _shown(found, as_json=as_json, words=f"{found.name} for {principal}: {_state(found)}.")


def approve(name: Name, address: options.Address = None, *, as_json: options.Json = False) -> None:
    """Approve a grant as the second operator."""
    _step(name, "grants", "ApproveGrant", address, as_json=as_json)


def revoke(name: Name, address: options.Address = None, *, as_json: options.Json = False) -> None:
    """Take a grant back, at once."""
    _step(name, "grants", "RevokeGrant", address, as_json=as_json)


def create(  # noqa: PLR0917 - options of a command
    purpose: Annotated[str, typer.Argument(help="What the key is for.")],
    organisation: For = "",
    may: May = [SIGNS],  # noqa: B006 - Typer reads it, nobody writes it
    below: Below = "",
    days: Days = 90,
    address: options.Address = None,
    *,
    as_json: options.Json = False,
) -> None:
    """Make a key and print it, this once."""
    from registry.api.v1.access_pb2 import Key  # noqa: PLC0415 - help and completion need none of it
    from registry.api.v1.access_service_pb2 import CreateKeyRequest  # noqa: PLC0415

    wanted = Key(purpose=purpose, **_scope(organisation, may, below))
    wanted.valid_to.FromDatetime(datetime.now(UTC) + timedelta(days=days))
    with _registry(address) as registry:
        response = registry.call(registry.access.CreateKey, CreateKeyRequest(key=wanted, request_id=str(uuid.uuid4())))
    if as_json:
        render.json_line(response)
        return
    render.line(response.secret)
    render.note(f"{response.key.name} is valid to {response.key.valid_to.ToJsonString()[:10]}. It is not told again.")


def revoke_key(name: Name, address: options.Address = None, *, as_json: options.Json = False) -> None:
    """Take a key back, at once."""
    _step(name, "keys", "RevokeKey", address, as_json=as_json)


def me(address: options.Address = None, *, as_json: options.Json = False) -> None:
    """Show who the registry takes you for, and what you may."""
    from registry.api.v1.access_service_pb2 import GetCallerRequest  # noqa: PLC0415

    with _registry(address) as registry:
        found = registry.call(registry.access.GetCaller, GetCallerRequest())
    if as_json:
        render.json_line(found)
        return
    render.line(found.principal)
    for right in found.rights:
        below = f" below {right.name_prefix}" if right.name_prefix else ""
        render.line(f"  {right.organisation or 'the registry and everybody in it'}{below}: {_actions(right.actions)}")


def refusals(
    most: Annotated[int, typer.Option("--most", min=1, max=PAGE, help="How many.")] = 50,
    address: options.Address = None,
    *,
    as_json: options.Json = False,
) -> None:
    """Show what was refused, the newest first. For operators."""
    from registry.api.v1.access_service_pb2 import ListRefusalsRequest  # noqa: PLC0415

    with _registry(address) as registry:
        found = registry.call(registry.access.ListRefusals, ListRefusalsRequest(page_size=most)).refusals
    for each in found:
        if as_json:
            render.json_line(each)
        else:
            method = each.method.rpartition("/")[2]
            time = each.time.ToJsonString()[:19]
            render.line(f"{time} {each.count} x {each.reason} {each.principal} {each.peer} {method} {each.resource}")


def _registry(address: str | None) -> Any:
    from registry.cli.connection import connected  # noqa: PLC0415

    return connected(options.address(address))


def _scope(organisation: str, may: Sequence[str], below: str) -> dict[str, Any]:
    from registry.api.v1.access_pb2 import Action  # noqa: PLC0415

    known = {name.removeprefix("ACTION_").lower(): number for name, number in Action.items() if number}
    words = [word.strip() for each in may for word in each.split(",") if word.strip()]
    for word in words:
        if word not in known:
            meant = nearest(word, known)
            text = f"{quoted(word)} is no action; there is {', '.join(known)}."
            raise Failure(text + (f" Did you mean {meant}?" if meant else ""), exit_code=USAGE)
    named = options.name(organisation, "organisations") if organisation else ""
    return {"organisation": named, "actions": [known[word] for word in words], "name_prefix": below}


def _step(name: str, collection: str, method: str, address: str | None, *, as_json: bool) -> None:
    from registry.api.v1 import access_service_pb2  # noqa: PLC0415

    request = getattr(access_service_pb2, f"{method}Request")(name=options.name(name, collection))
    request.request_id = str(uuid.uuid4())
    with _registry(address) as registry:
        response = registry.call(getattr(registry.access, method), request)
    found = response.grant if collection == "grants" else response.key
    _shown(found, as_json=as_json, words=f"{found.name}: {_state(found)}.")


def _shown(message: Any, *, as_json: bool, words: str) -> None:
    if as_json:
        render.json_line(message)
    else:
        render.line(words)


def _state(message: Any) -> str:
    from registry.cli.nouns import cell  # noqa: PLC0415

    return cell(message, "state")


def _actions(numbers: Sequence[int]) -> str:
    from registry.api.v1.access_pb2 import Action  # noqa: PLC0415

    return ", ".join(Action.Name(each).removeprefix("ACTION_").lower() for each in numbers)  # type: ignore[arg-type]
