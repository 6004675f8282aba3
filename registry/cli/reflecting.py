"""What a running server says of its own contract, by gRPC reflection."""

import time
from collections.abc import Iterable, Iterator
from typing import Any

import grpc
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

from registry.cli.failure import UNREACHABLE, Failure
from registry.contracts.protobuf.descriptors import FILES, Gathering, Incomplete
from registry.domain.limits import SPEC_BYTES

TIMEOUT_SECONDS = 30.0
_NAMES = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")
_OWN = ("grpc.reflection.", "grpc.health.")  # how a server is run, not what it offers
_OPTIONS = [("grpc.max_receive_message_length", SPEC_BYTES)]


def reflect(target: str, *, tls: bool, timeout: float = TIMEOUT_SECONDS) -> bytes:
    """The set of all services of a server at HOST:PORT, in at most `timeout` seconds. Errors: Failure."""
    with _channel(target, tls=tls) as channel:
        server = _Server(channel, target, time.monotonic() + timeout)
        try:
            return _gathered(server)
        except Incomplete as error:
            raise Failure(f"What {target} says of its contract is no contract. {error}") from error


def _channel(target: str, *, tls: bool) -> Any:
    if tls:
        return grpc.secure_channel(target, grpc.ssl_channel_credentials(), options=_OPTIONS)
    return grpc.insecure_channel(target, options=_OPTIONS)


def _gathered(server: "_Server") -> bytes:
    (listed,) = server.ask([ServerReflectionRequest(list_services="*")])
    names = [each.name for each in listed.list_services_response.service]
    offered = sorted(each for each in names if not each.startswith(_OWN))
    if not offered:
        raise Incomplete("It offers no service.")
    if len(offered) > FILES:
        raise Incomplete(f"It offers more than {FILES} services.")
    gathering = Gathering()
    questions = [ServerReflectionRequest(file_containing_symbol=each) for each in offered]
    while questions:
        for answer in server.ask(questions):
            for each in answer.file_descriptor_response.file_descriptor_proto:
                gathering.add(each)
        asked = {each.file_by_filename for each in questions}
        questions = [ServerReflectionRequest(file_by_filename=each) for each in gathering.missing()]
        if again := asked.intersection(each.file_by_filename for each in questions):
            raise Incomplete(f"It was asked for {min(again)!r}, and sent something else.")
    return gathering.content()


class _Server:
    """Questions and answers, under the name that the server knows, until the deadline."""

    def __init__(self, channel: Any, target: str, deadline: float) -> None:
        self._channel, self._target, self._deadline = channel, target, deadline
        self._names = list(_NAMES)

    def ask(self, questions: Iterable[ServerReflectionRequest]) -> list[ServerReflectionResponse]:
        """An answer to each. Errors: Failure."""
        asked = list(questions)
        try:
            answers = list(self._call(asked))
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.UNIMPLEMENTED and len(self._names) > 1:  # older servers
                self._names.pop(0)
                return self.ask(asked)
            raise self._failure(error) from error
        for each in answers:
            if each.HasField("error_response"):
                raise Failure(f"{self._target} refuses: {each.error_response.error_message}")
        if len(answers) != len(asked):
            raise Failure(f"{self._target} gave {len(answers)} answers to {len(asked)} questions.")
        return answers

    def _call(self, asked: list[ServerReflectionRequest]) -> Iterator[ServerReflectionResponse]:
        method = self._channel.stream_stream(
            f"/{self._names[0]}/ServerReflectionInfo",
            request_serializer=ServerReflectionRequest.SerializeToString,
            response_deserializer=ServerReflectionResponse.FromString,
        )
        answers = method(iter(asked), timeout=max(0.0, self._deadline - time.monotonic()))
        for _ in asked:
            try:
                yield next(answers)
            except StopIteration:
                return
        answers.cancel()

    def _failure(self, error: Any) -> Failure:
        code = error.code()
        if code == grpc.StatusCode.UNIMPLEMENTED:
            remedy = "Switch reflection on there, or build the contract from its .proto files: gemensam contract build"
            return Failure(f"{self._target} has no reflection.", remedy=remedy)
        if code in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}:
            remedy = "Check the address, and whether the server wants --tls."
            text = f"Nothing that speaks gRPC answers at {self._target} in time."
            return Failure(text, remedy=remedy, exit_code=UNREACHABLE)
        return Failure(f"{self._target} ended the call with {code.name}: {error.details()}")
