"""The floor: a bare grpc.aio echo in a process of its own; `/floor/N` answers N bytes and does nothing else."""

import asyncio
import signal
from typing import Any

import grpc

from tests.bench.processes import announce


class Echo(grpc.GenericRpcHandler):
    """Finds handlers by path, as the registry's router does; everything is bytes."""

    def __init__(self) -> None:
        self._handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[Any, Any]":
        """The handler of a size."""
        path = str(handler_call_details.method)
        if path not in self._handlers:
            self._handlers[path] = _handler(bytes(int(path.rpartition("/")[2])))
        return self._handlers[path]


def _handler(reply: bytes) -> "grpc.RpcMethodHandler[Any, Any]":
    async def echo(_data: bytes, _context: Any) -> bytes:
        return reply

    return grpc.unary_unary_rpc_method_handler(echo)


async def main() -> None:
    """Serve until SIGTERM; the first line of the output is the address."""
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers((Echo(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    announce(f"127.0.0.1:{port}")
    await stop.wait()
    await server.stop(None)


if __name__ == "__main__":
    asyncio.run(main())
