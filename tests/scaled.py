"""A lease, a relay's pages and deadlines, and what is kept in memory made smaller: a test of seconds sees many of each."""

from registry.relay import page, publisher, topics
from registry.relay import relay as leads
from registry.rpc import tail
from registry.store import kinds, known, leading, recent

LEASE_SECONDS, ENTRIES = 0.6, 25
# Together the longest time that a relay waits for a broker that says nothing.
OPEN_SECONDS, SEND_SECONDS = 2.0, 2.0
# What the writer remembers, and what is kept for those who follow: full after a minute, so that memory can be flat.
KNOWN_BYTES, COMMITS, RING_ENTRIES = 256 * 1024, 32, 256


def scale() -> None:
    """From now on, in this process."""
    leading.LEASE_SECONDS, leading.RENEW_SECONDS, leading.MARGIN_SECONDS = LEASE_SECONDS, 0.15, 0.1
    leads.IDLE_SECONDS, leads.FIRST_RETRY_SECONDS, leads.LONGEST_RETRY_SECONDS = 0.1, 0.05, 0.5
    publisher.OPEN_SECONDS, publisher.SEND_SECONDS, publisher.DISCARD_SECONDS = OPEN_SECONDS, SEND_SECONDS, 0.5
    topics.ADMIN_SECONDS = OPEN_SECONDS + SEND_SECONDS
    page.ENTRIES = page.CHUNK = ENTRIES
    for number in range(kinds.kind_of.cache_info().maxsize or 0):  # full from the beginning
        kinds.kind_of(f"offerings/{number}")
    known.MAX_BYTES, recent.COMMITS, tail.RING_ENTRIES = KNOWN_BYTES, COMMITS, RING_ENTRIES
