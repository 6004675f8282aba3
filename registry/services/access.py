"""AccessService: who may what for whom, and what was refused."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from google.protobuf.message import Message

from registry.api.v1 import access_service_pb2 as pb
from registry.api.v1.access_pb2 import Action, Grant, Key
from registry.domain import authority, document, grant, key, limits, names
from registry.errors import Denied
from registry.services.drawn import drawn
from registry.services.resources import Resources, answer, command, found
from registry.store import Batch, Caller, Store


class Access:
    """Use cases of AccessService."""

    def __init__(self, store: Store, now: Callable[[], datetime], operators: Collection[str] = ()) -> None:
        self._store, self._now, self._operators = store, now, operators
        self._grants, self._keys = Resources(store, grant.RULES), Resources(store, key.RULES)

    async def create_grant(self, request: Any, caller: Caller) -> pb.CreateGrantResponse:
        """Let a principal act for an organisation, within what the caller may itself."""
        draft = self._grants.draft(request)
        draft.name = names.child("grant", "", request.grant_id or drawn())
        document.check(grant.RULES, draft)

        def run(batch: Batch) -> Message:
            batch.ask(draft, "created")
            second = _within(caller, draft)
            grant.begin(draft, caller.actor, self._now(), second=second)
            after: Message = self._grants.add(batch, draft, self._now(), checked=True)
            return after

        work = command(request, caller, run, [draft.name, draft.organisation])
        return answer(pb.CreateGrantResponse, "grant", await self._store.write(work))

    async def approve_grant(self, request: pb.ApproveGrantRequest, caller: Caller) -> pb.ApproveGrantResponse:
        """Let a grant come into force, as the second operator."""
        names.check(request.name, "grant")

        def run(batch: Batch) -> Message:
            message = found(batch, Grant, request.name, request.etag)
            check_operator(caller)
            if self._person(batch, caller.actor) == self._person(batch, message.granted_by):
                raise grant.second_needed(message, caller.actor)
            grant.approve(message, caller.actor)
            batch.put(message, "approved")
            return message

        work = command(request, caller, run, [request.name])
        return answer(pb.ApproveGrantResponse, "grant", await self._store.write(work))

    async def revoke_grant(self, request: pb.RevokeGrantRequest, caller: Caller) -> pb.RevokeGrantResponse:
        """Take a grant back."""
        names.check(request.name, "grant")

        def run(batch: Batch) -> Message:
            message = found(batch, Grant, request.name, request.etag)
            grant.revoke(message)
            batch.put(message, "revoked")
            return message

        work = command(request, caller, run, [request.name])
        return answer(pb.RevokeGrantResponse, "grant", await self._store.write(work))

    async def get_grant(self, request: Any, caller: Caller) -> bytes:
        """Read one."""
        return await self._grants.get(request, caller, pb.GetGrantResponse)

    async def list_grants(self, request: Any, caller: Caller) -> bytes:
        """Read a page."""
        return await self._grants.list(request, caller, pb.ListGrantsResponse)

    async def create_key(self, request: Any, caller: Caller) -> pb.CreateKeyResponse:
        """Make a key and tell it once. The answer that is kept for a repeated request does not have it."""
        draft = self._keys.draft(request)
        draft.name = names.child("key", "", request.key_id or drawn())
        document.check(key.RULES, draft)
        secret = key.generate(names.last(draft.name))

        def run(batch: Batch) -> Message:
            batch.ask(draft, "created")
            _within(caller, draft)
            key.begin(draft, caller.actor, self._now(), secret)
            after: Message = self._keys.add(batch, draft, self._now(), checked=True)
            return after

        done = await self._store.write(command(request, caller, run, [draft.name, draft.organisation]))
        response = answer(pb.CreateKeyResponse, "key", done)
        response.secret = "" if done.replayed or request.validate_only else secret
        return response

    async def revoke_key(self, request: pb.RevokeKeyRequest, caller: Caller) -> pb.RevokeKeyResponse:
        """Take a key back."""
        names.check(request.name, "key")

        def run(batch: Batch) -> Message:
            message = found(batch, Key, request.name, request.etag)
            key.revoke(message)
            batch.put(message, "revoked")
            return message

        work = command(request, caller, run, [request.name])
        return answer(pb.RevokeKeyResponse, "key", await self._store.write(work))

    async def get_key(self, request: Any, caller: Caller) -> pb.GetKeyResponse:
        """Read one, with when it was last used."""
        response = pb.GetKeyResponse.FromString(await self._keys.get(request, caller, pb.GetKeyResponse))
        await self._tell_use([response.key])
        return response

    async def list_keys(self, request: Any, caller: Caller) -> pb.ListKeysResponse:
        """Read a page, each with when it was last used."""
        response = pb.ListKeysResponse.FromString(await self._keys.list(request, caller, pb.ListKeysResponse))
        await self._tell_use(response.keys)
        return response

    async def get_caller(self, _request: pb.GetCallerRequest, caller: Caller) -> pb.GetCallerResponse:
        """Who the caller is, and what it may."""
        response = pb.GetCallerResponse(principal=caller.actor)
        for right in caller.authority.rights:
            actions: Any = sorted(right.actions)
            response.rights.add(
                organisation=right.organisation, actions=actions, name_prefix=right.prefix, source=right.source
            )
        return response

    async def list_refusals(self, request: pb.ListRefusalsRequest, caller: Caller) -> pb.ListRefusalsResponse:
        """What was refused, the newest first."""
        check_operator(caller)
        size = limits.page_size(request.page_size)
        rows, token = await self._store.read(lambda view: view.refusals(size, request.page_token))
        response = pb.ListRefusalsResponse(next_page_token=token)
        for row in rows:
            entry = response.refusals.add(
                principal=row.principal,
                peer=row.peer,
                method=row.method,
                resource=row.resource,
                reason=row.reason,
                count=row.count,
            )
            entry.time.FromMicroseconds(row.time_us)
        return response

    def _person(self, batch: Batch, principal: str) -> str:
        """Who is behind a principal: a key is the one who made it, unless the registry was started with its name."""
        while principal.startswith("keys/") and principal not in self._operators:
            made = batch.get(Key, principal)
            if made is None:  # the operator's own, which is no resource
                break
            principal = made.granted_by
        return principal

    async def _tell_use(self, keys: Any) -> None:
        uses = await self._store.read(lambda view: view.key_uses([each.name for each in keys]))
        for each in keys:
            if each.name in uses:
                each.last_use_time.FromMicroseconds(uses[each.name])


def check_operator(caller: Caller) -> None:
    """Refuse who does not operate the registry. Errors: NOT_GRANTED."""
    if not caller.authority.operates:
        text = f"{caller.actor} has no right to OPERATE the registry."
        raise Denied("NOT_GRANTED", text, action="OPERATE", name="", principal=caller.actor)


def _within(caller: Caller, draft: Grant | Key) -> bool:
    """Refuse to give more than the caller has, or to pass on the right to give. Errors: NOT_GRANTED.

    Answers whether a second operator must approve it: one who is an operator, gives, and has no other right to.
    """
    rights = caller.authority.rights
    for action in draft.actions:
        passed_on = action == authority.GRANT and not caller.authority.operates
        own = (right for right in rights if authority.within(draft.name_prefix, right.prefix))
        if passed_on or not any(right.covers(action, draft.organisation, right.prefix) for right in own):
            name = Action.Name(action).removeprefix("ACTION_")
            text = (
                f"{caller.actor} cannot give {name} for {draft.organisation or 'the registry'}: it is not its to give."
            )
            raise Denied("NOT_GRANTED", text, action=name, name=draft.name, principal=caller.actor)
    given = (right for right in rights if right.organisation and right.organisation == draft.organisation)
    return not caller.authority.unlimited and not any(authority.GRANT in right.actions for right in given)
