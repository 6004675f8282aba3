"""Documents as JSON: what the library gives, and the same text wherever it is made."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import MessageToDict, Parse
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.api.v1.offering_pb2 import Offering
from registry.api.v1.organisation_pb2 import Organisation
from registry.relay.document import to_json
from registry.store.kinds import KINDS

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCALARS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.CPPTYPE_STRING: TEXTS,
    FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
    FieldDescriptor.CPPTYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_DOUBLE: st.floats(),
}
NANOS = st.sampled_from([0, 1, 1000, 1_000_000, 120_000_000, 123_456_000, 999_999_999])
MESSAGES = sorted({kind.message for kind in KINDS.values()}, key=lambda each: each.DESCRIPTOR.name)


def fill(message: Any, draw: Callable[[st.SearchStrategy[Any]], Any]) -> Any:
    """Give some of the fields a value, in nested messages too."""
    for field in message.DESCRIPTOR.fields:
        if not draw(st.booleans()):
            continue
        place = getattr(message, field.name)
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            place.update(draw(st.dictionaries(TEXTS, TEXTS, max_size=4)))
        elif field.is_repeated and field.message_type is not None:
            fill(place.add(), draw)
        elif field.is_repeated:
            place.extend(draw(st.lists(value(field), max_size=3)))
        elif field.message_type is None:
            setattr(message, field.name, draw(value(field)))
        elif field.message_type.name == "Timestamp":
            place.seconds, place.nanos = draw(st.integers(-60_000_000_000, 250_000_000_000)), draw(NANOS)
        else:
            place.SetInParent()
            fill(place, draw)
    return message


def value(field: Any) -> st.SearchStrategy[Any]:
    if field.enum_type is not None:
        return st.sampled_from([each.number for each in field.enum_type.values]) | st.integers(50, 60)
    return SCALARS[field.cpp_type]


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda each: each.DESCRIPTOR.name)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_it_says_what_the_library_says(kind: type[Message], data: st.DataObject) -> None:
    message = fill(kind(), data.draw)
    text = to_json(message)
    assert json.loads(text) == MessageToDict(message)
    if "NaN" not in text:
        assert Parse(text, kind()) == message


def test_it_is_compact_and_readable() -> None:
    offering = Offering(name="offerings/a", title={"sv": 'Å "1"'}, revision=7, labels={"b": "2", "a": "1"})
    expected = '{"name":"offerings/a","revision":"7","labels":{"a":"1","b":"2"},"title":{"sv":"Å \\"1\\""}}'
    assert to_json(offering) == expected


def test_a_zero_below_zero_is_a_value() -> None:
    """The library sends it, although it equals what is sent for nothing."""
    organisation = Organisation(size={"employees": -0.0})
    assert json.loads(to_json(organisation)) == MessageToDict(organisation)
    assert to_json(organisation) == '{"size":{"employees":-0.0}}'


def test_every_process_makes_the_same_text() -> None:
    """The order of a map differs from process to process; the text must not."""
    program = (
        "from registry.api.v1.offering_pb2 import Offering; from registry.relay.document import to_json;"
        "print(to_json(Offering(labels={str(n): 'x' for n in range(20)})))"
    )
    texts = {subprocess.check_output([sys.executable, "-c", program]) for _ in range(3)}
    assert len(texts) == 1
