"""Every error of the registry as a gRPC status with its reason and details."""

import uuid
from typing import NoReturn

import grpc
import structlog
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, PreconditionFailure, ResourceInfo, RetryInfo
from google.rpc.status_pb2 import Status

from registry import errors, telemetry
from registry.errors import RegistryError

DOMAIN = "registry.gemensam"
STATUS_KEY = "grpc-status-details-bin"
CODES: dict[type[RegistryError], grpc.StatusCode] = {
    errors.NotFound: grpc.StatusCode.NOT_FOUND,
    errors.AlreadyExists: grpc.StatusCode.ALREADY_EXISTS,
    errors.Invalid: grpc.StatusCode.INVALID_ARGUMENT,
    errors.Precondition: grpc.StatusCode.FAILED_PRECONDITION,
    errors.Conflict: grpc.StatusCode.ABORTED,
    errors.Unauthenticated: grpc.StatusCode.UNAUTHENTICATED,
    errors.Denied: grpc.StatusCode.PERMISSION_DENIED,
    errors.Gone: grpc.StatusCode.OUT_OF_RANGE,
    errors.TooLarge: grpc.StatusCode.RESOURCE_EXHAUSTED,
    errors.Unavailable: grpc.StatusCode.UNAVAILABLE,
    errors.NotServed: grpc.StatusCode.UNIMPLEMENTED,
}
log = structlog.get_logger(__name__)


async def abort(context: "grpc.aio.ServicerContext[bytes, bytes]", error: BaseException, method: str) -> NoReturn:
    """End the call with the error; a fault of ours is logged in full and shown as an id."""
    known = error if isinstance(error, RegistryError) else _fault(error, method)
    code = CODES.get(type(known), grpc.StatusCode.INTERNAL)
    telemetry.refused(known.reason)
    status = Status(code=code.value[0], message=known.message, details=[_packed(each) for each in _details(known)])
    await context.abort(code, known.message, ((STATUS_KEY, status.SerializeToString()),))
    raise AssertionError("abort raises")


def _fault(error: BaseException, method: str) -> RegistryError:
    error_id = uuid.uuid4().hex
    log.error("rpc.fault", error_id=error_id, method=method, exc_info=error)
    text = f"A fault of the registry; its operators find it in the log under {error_id}."
    return RegistryError("INTERNAL", text, error_id=error_id)


def _details(error: RegistryError) -> list[Message]:
    found: list[Message] = [ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata)]
    if error.violations:
        fields = [BadRequest.FieldViolation(field=field, description=text) for field, text in error.violations]
        found.append(BadRequest(field_violations=fields))
    name = error.metadata.get("name", "")
    if isinstance(error, errors.Precondition):
        violation = PreconditionFailure.Violation(type=error.reason, subject=name, description=error.message)
        found.append(PreconditionFailure(violations=[violation]))
    if isinstance(error, errors.NotFound | errors.AlreadyExists) and name:
        kind = "/".join(name.split("/")[::2])
        found.append(ResourceInfo(resource_type=kind, resource_name=name, description=error.message))
    if wait := error.metadata.get("retry_after_ms"):
        delay = Duration()
        delay.FromMilliseconds(int(wait))
        found.append(RetryInfo(retry_delay=delay))
    return found


def _packed(message: Message) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(message)
    return packed
