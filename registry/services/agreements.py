"""Agreements of OnboardingService: proposed, accepted, ended with notice."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from google.protobuf.message import Message

from registry.api.v1 import onboarding_service_pb2 as pb
from registry.api.v1.agreement_pb2 import Agreement
from registry.domain import agreement, names, text
from registry.domain.violations import Violations
from registry.services.resources import Resources, answer, command, found
from registry.store import Batch, Caller, Store


class Agreements:
    """Use cases of agreements."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now
        self._agreements = Resources(store, agreement.RULES)

    async def propose_agreement(
        self, request: pb.ProposeAgreementRequest, caller: Caller
    ) -> pb.ProposeAgreementResponse:
        """Propose terms to an organisation or a class. Evidence comes with the acceptance, and is left out here."""
        proposed = pb.ProposeAgreementRequest()
        proposed.CopyFrom(request)
        if request.HasField("agreement"):
            proposed.agreement.ClearField("evidence")
        return await self._agreements.create(proposed, caller, pb.ProposeAgreementResponse, self._now)

    async def accept_agreement(self, request: pb.AcceptAgreementRequest, caller: Caller) -> pb.AcceptAgreementResponse:
        """Put one in force, with the evidence. The matcher lets in who waits for it."""
        names.check(request.name, "agreement")
        wrong = Violations()
        agreement.check_evidence(request.evidence, wrong, required=True)
        text.no_person(request.evidence, "evidence", wrong)
        wrong.refuse()

        def run(batch: Batch) -> Message:
            message = found(batch, Agreement, request.name, request.etag)
            agreement.accept(message, request.evidence, batch, self._now())
            batch.put(message, "accepted")
            return message

        work = command(request, caller, run, [request.name])
        return answer(pb.AcceptAgreementResponse, "agreement", await self._store.write(work))

    async def end_agreement(self, request: pb.EndAgreementRequest, caller: Caller) -> pb.EndAgreementResponse:
        """Give notice of one, or withdraw a proposal. The matcher tells what rests on it, and ends that in time."""
        names.check(request.name, "agreement")
        wrong = Violations()
        text.day(request.valid_to, "valid_to", wrong)
        wrong.refuse()

        def run(batch: Batch) -> Message:
            message = found(batch, Agreement, request.name, request.etag)
            agreement.end(message, request.valid_to, self._now())
            batch.put(message, "ended" if message.state == agreement.ENDED else "ending")
            return message

        work = command(request, caller, run, [request.name])
        return answer(pb.EndAgreementResponse, "agreement", await self._store.write(work))

    async def get_agreement(self, request: Any, caller: Caller) -> bytes:
        """Read one."""
        return await self._agreements.get(request, caller, pb.GetAgreementResponse)

    async def list_agreements(self, request: Any, caller: Caller) -> bytes:
        """Read a page."""
        return await self._agreements.list(request, caller, pb.ListAgreementsResponse)
