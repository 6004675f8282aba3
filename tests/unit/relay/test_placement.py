"""Where a key goes: where the clients put it."""

from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from registry.relay.placement import partition


@given(st.binary(max_size=40), st.integers(1, 100))
def test_it_is_where_the_client_puts_it(key: bytes, count: int) -> None:
    assert partition(key, count) == DefaultPartitioner()(key, range(count), ())
