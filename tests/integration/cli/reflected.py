"""Servers that say of themselves what a test wants, over the wire of gRPC reflection."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

Answer = Callable[[ServerReflectionRequest], ServerReflectionResponse]
NEW, OLD = "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"


@contextmanager
def server(answer: Answer | None, name: str = NEW) -> Iterator[str]:
    """The address of a server that answers so, under one of the two names; without an answer it has no reflection."""

    def talk(requests: Iterator[ServerReflectionRequest], _: object) -> Iterator[ServerReflectionResponse]:
        assert answer is not None
        yield from map(answer, requests)

    running = grpc.server(ThreadPoolExecutor(max_workers=2))
    if answer:
        handler = grpc.stream_stream_rpc_method_handler(
            talk,
            request_deserializer=ServerReflectionRequest.FromString,
            response_serializer=ServerReflectionResponse.SerializeToString,
        )
        generic = grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": handler})
        running.add_generic_rpc_handlers((generic,))
    port = running.add_insecure_port("127.0.0.1:0")
    running.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        running.stop(None).wait()


def answering(files: list[FileDescriptorProto], services: list[str], *, all_at_once: bool = False) -> Answer:
    """A server that offers services, the first of them in the first file, and sends files one by one or all at once."""
    by_name = {each.name: each for each in files}

    def answer(request: ServerReflectionRequest) -> ServerReflectionResponse:
        response = ServerReflectionResponse(original_request=request)
        if request.HasField("list_services"):
            for each in services:
                response.list_services_response.service.add(name=each)
            return response
        found = by_name.get(request.file_by_filename) if request.file_by_filename else files[0]
        if found is None:
            response.error_response.error_message = f"{request.file_by_filename} is not here"
            return response
        sent = files if all_at_once else [found]
        response.file_descriptor_response.file_descriptor_proto.extend(each.SerializeToString() for each in sent)
        return response

    return answer
