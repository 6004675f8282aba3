"""Where Envoys connect: the aggregated discovery service (ADS) of one board, by gRPC."""

import contextlib
import ipaddress
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from subscribers.adapter import AdapterError
from subscribers.adapters.xds_board import REQUEST, RESPONSE, Board, Stream

SERVICE, METHOD = "envoy.service.discovery.v3.AggregatedDiscoveryService", "StreamAggregatedResources"
ENVOYS = 16  # each takes a thread
_OPTIONS = (
    ("grpc.so_reuseport", 0),  # or two subscribers would share the port, and each Envoy would meet one of them
    ("grpc.keepalive_time_ms", 10_000),  # an Envoy that vanished without a word is noticed
    ("grpc.keepalive_timeout_ms", 5_000),
)


@dataclass(frozen=True, slots=True)
class Listen:
    """An IP address and port, and with whose certificates: contents of PEM files, all three or none."""

    address: str
    certificate: bytes = b""
    key: bytes = b""
    clients: bytes = b""

    @classmethod
    def of(cls, address: str, certificate: str, key: str, clients: str) -> "Listen":
        """From an adapter's options; the last three are paths. Errors: ValueError, OSError."""
        host, _, port = address.rpartition(":")
        is_near = ipaddress.ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
        if not port.isdecimal():
            raise ValueError(f"listen: {address!r} is not an IP address and port.")
        paths = [each for each in (certificate, key, clients) if each]
        if len(paths) not in {0, 3}:
            raise ValueError("certificate, key and clients belong together: set all three, or none on loopback.")
        if not is_near and not paths:
            words = "only loopback is served without certificates; set certificate, key and clients (who may connect)."
            raise ValueError(f"listen: {address} can be reached from elsewhere: {words}")
        return cls(address, *(Path(each).read_bytes() for each in paths))


class Server:
    """Listens from its making until `stop`. Errors: AdapterError TARGET_UNAVAILABLE, the address cannot be had."""

    def __init__(self, listen: Listen, board: Board) -> None:
        self._board = board
        handler = grpc.stream_stream_rpc_method_handler(
            self._stream, request_deserializer=REQUEST.FromString, response_serializer=RESPONSE.SerializeToString
        )
        threads = ThreadPoolExecutor(ENVOYS, "xds")
        self._server = grpc.server(threads, options=_OPTIONS, maximum_concurrent_rpcs=ENVOYS)
        self._server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, {METHOD: handler})])
        try:
            self._bind(listen)
        except RuntimeError as error:
            threads.shutdown()
            raise AdapterError("TARGET_UNAVAILABLE", f"{listen.address} cannot be listened at: {error}") from error
        self._server.start()

    def stop(self) -> None:
        """Every stream ends; the Envoys keep what they have."""
        self._server.stop(None).wait()

    def _bind(self, listen: Listen) -> None:
        if not listen.key:
            self._server.add_insecure_port(listen.address)
            return
        chain = [(listen.key, listen.certificate)]
        credentials = grpc.ssl_server_credentials(chain, listen.clients, require_client_auth=True)
        self._server.add_secure_port(listen.address, credentials)

    def _stream(self, requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
        stream = self._board.enter()
        if not context.add_callback(lambda: self._board.leave(stream)):
            self._board.leave(stream)
        threading.Thread(target=self._listen, args=(stream, requests), daemon=True, name="xds-ear").start()
        while (response := self._board.next(stream)) is not None:
            yield response

    def _listen(self, stream: Stream, requests: Iterator[Any]) -> None:
        with contextlib.suppress(grpc.RpcError):
            for request in requests:
                self._board.hear(stream, request)
        self._board.leave(stream)
