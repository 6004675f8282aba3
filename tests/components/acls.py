"""Who may do what with our topics, on brokers that ask."""

from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest

WRITE, CREATE, DESCRIBE, DESCRIBE_CONFIGS = 4, 5, 8, 10
_TOPIC, _PREFIXED, _ALLOW = 2, 4, 3
_PREFIX = "gemensam."


async def allow(reach: Mapping[str, Any], principal: str, operations: Iterable[int]) -> None:
    """Let somebody do these with topics of our prefix."""
    await _each(CreateAclsRequest, "creation_responses", reach, principal, operations)


async def forbid(reach: Mapping[str, Any], principal: str, operations: Iterable[int]) -> None:
    """Take it back."""
    await _each(DeleteAclsRequest, "filter_responses", reach, principal, operations)


async def _each(
    request: Any, outcomes: str, reach: Mapping[str, Any], principal: str, operations: Iterable[int]
) -> None:
    admin = AIOKafkaAdminClient(**reach)
    await admin.start()
    try:
        for operation in operations:
            wanted = request(_TOPIC, _PREFIX, _PREFIXED, principal, "*", operation, _ALLOW)
            response = await admin._send_to_controller(wanted)
            assert [outcome[0] for outcome in getattr(response, outcomes)] == [0]
    finally:
        await admin.close()
