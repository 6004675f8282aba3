"""What is exported and applied again changes nothing, whatever the texts; editors take it, and `diff` says so too."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from registry import definitions
from registry.api.v1.definition_service_pb2 import ApplyOutcome, ApplyRequest
from registry.cli.connection import Registry, connected
from registry.cli.exporting import pages
from registry.definitions import writer
from registry.domain.nouns import APPLIED
from tests.integration.cli.program import Server, gemensam
from tests.integration.cli.worlds import worlds
from tests.unit.definitions import schemas

EXAMPLES = 25
CREATED, UNCHANGED = ApplyOutcome.APPLY_OUTCOME_CREATED, ApplyOutcome.APPLY_OUTCOME_UNCHANGED
KEYS = (f"w{number}-x" for number in itertools.count())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A registry that every example adds to."""
    running = Server(tmp_path_factory.mktemp("round") / "data")
    yield running
    running.stop()


def outcomes(registry: Registry, found: Any, specs: Any = (), **more: Any) -> set[int]:
    """What becomes of resources."""
    request = ApplyRequest(resources=found, specs=specs, atomic=True, **more)
    results = registry.call(registry.definitions.Apply, request).results
    assert [f"{each.name}: {each.error.message}" for each in results if each.HasField("error")] == []
    return {each.outcome for each in results}


def exported(registry: Registry, key: str) -> list[Any]:
    """All that belongs to one example."""
    return [
        each for each in pages(registry, list(APPLIED), "") if key in getattr(each, each.WhichOneof("resource")).name
    ]


@given(data=st.data())
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # each example costs a second: it is told as it was found
    suppress_health_check=list(HealthCheck),  # a file and a server stay the same, and worlds are large
)
def test_what_is_exported_and_applied_again_changes_nothing(
    server: Server, tmp_path: Path, data: st.DataObject
) -> None:
    key = next(KEYS)
    made, specs = data.draw(worlds(key))
    file = tmp_path / "all.yaml"
    with connected(server.grpc) as registry:
        assert _read(file, writer.write(made)) == made  # what people write is what is sent
        assert outcomes(registry, made, specs) == {CREATED}
        text = writer.write(exported(registry, key))
        again = _read(file, text)
        assert len(again) == len(made)
        assert outcomes(registry, again, validate_only=True) == {UNCHANGED}
        assert _read(file, writer.write(again)) == again
    for form in (schemas.written, schemas.edited):
        assert [wrong for each in form(text) if (wrong := schemas.wrong(each))] == []


def _read(file: Path, text: str) -> list[Any]:
    file.write_text(text, encoding="utf-8", newline="")
    found = definitions.read([str(file)])
    assert [str(each) for each in found.problems] == []
    return [each.resource for each in found.items]


@given(data=st.data())
@settings(max_examples=1, deadline=None, suppress_health_check=list(HealthCheck))
def test_all_of_it_exported_into_files_differs_in_nothing(
    server: Server, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    tmp_path = tmp_path_factory.mktemp("exported")
    with connected(server.grpc) as registry:
        made, specs = data.draw(worlds(next(KEYS)))
        assert outcomes(registry, made, specs) == {CREATED}
    assert server("export", "--out", tmp_path / "out").code == 0
    told = server("diff", tmp_path / "out")
    assert (told.code, told.err) == (0, ""), told.out
    assert gemensam("validate", tmp_path / "out").code == 0
    assert server("prune", tmp_path / "out", "--selector", "a=b").code == 0
    texts = list(schemas.of_files(tmp_path / "out"))
    assert len(texts) >= len(made)
    assert [wrong for text in texts for each in schemas.edited(text) if (wrong := schemas.wrong(each))] == []
