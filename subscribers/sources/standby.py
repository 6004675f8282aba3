"""All partitions to one member of a group: the others stand by, each with a mirror of its own, until it leaves."""

from collections.abc import Iterable, Mapping

from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata

_Members = Mapping[str, ConsumerProtocolMemberMetadata]


class StandbyAssignor(AbstractPartitionAssignor):  # type: ignore[misc]  # the library has no types
    """The first member by id has everything. A gateway has one master, so work is never shared, only taken over."""

    name = "gemensam-standby"
    version = 0

    @classmethod
    def assign(cls, cluster: ClusterMetadata, members: _Members) -> dict[str, ConsumerProtocolMemberAssignment]:
        """Everything to the first, nothing to the others."""
        topics = sorted({topic for member in members.values() for topic in member.subscription})
        everything = [(topic, sorted(cluster.partitions_for_topic(topic) or ())) for topic in topics]
        first = min(members)
        return {
            member: ConsumerProtocolMemberAssignment(cls.version, everything if member == first else [], b"")
            for member in members
        }

    @classmethod
    def metadata(cls, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        """What a member says of itself."""
        return ConsumerProtocolMemberMetadata(cls.version, list(topics), b"")

    @classmethod
    def on_assignment(cls, assignment: ConsumerProtocolMemberAssignment) -> None:
        """Nothing is remembered between assignments."""
