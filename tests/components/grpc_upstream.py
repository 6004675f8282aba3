"""A provider's gRPC service: health, and one method that echoes its request with the authority that it was asked by."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2_grpc

METHOD = "/example.Echo/Say"


class _Echo(grpc.GenericRpcHandler):
    def service(self, details: Any) -> Any:
        if details.method != METHOD:
            return None
        return grpc.unary_unary_rpc_method_handler(lambda request, _context: b"heard " + request)


@contextmanager
def grpc_upstream() -> Iterator[int]:
    """The port of a service, for as long as the block lasts."""
    server = grpc.server(ThreadPoolExecutor(4))
    health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)
    server.add_generic_rpc_handlers((_Echo(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait(10)
