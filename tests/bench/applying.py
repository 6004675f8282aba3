"""The architect's commands on many definition files: seconds and memory, and what each doubling costs."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from registry.api.v1.capability_pb2 import Capability
from registry.api.v1.organisation_pb2 import Organisation
from registry.api.v1.release_pb2 import Interface, Release
from registry.api.v1.resource_pb2 import Resource
from registry.definitions import writer
from tests.bench import seed
from tests.bench.bench import Bench
from tests.bench.measure import Sample
from tests.bench.rows import Figure, Row

SIZES, QUICK_SIZES = (1250, 2500, 5000), (300, 600)
PER_FILE, DOUBLED = 500, 2.2
# What is run, in this order against one registry: the exit code that it must have, and what it does.
COMMANDS = {
    "diff-new": (("diff",), 2, "diff, all of them new"),
    "apply": (("apply", "--best-effort"), 0, "apply, all of them new"),
    "diff-same": (("diff",), 0, "diff, none changed"),
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took: seconds from its start to its end, and bytes of memory at its peak."""

    seconds: float
    memory: int


def rows(bench: Bench) -> Iterator[Row]:
    """Every command at every size; from the second size on beside the size before it."""
    before: dict[str, Cost] = {}
    for size in QUICK_SIZES if bench.quick else SIZES:
        bench.tell(f"applying {size} definitions")
        folder = bench.folder / f"definitions-{size}"
        write(folder, size)
        server = bench.serve(bench.databases.new("sqlite"))
        for name, (command, code, what) in COMMANDS.items():
            cost = run(server.address, folder, command, code)
            yield from _rows(f"{name}-{size}", f"{size:,} definitions: {what}", size, cost, before.get(name))
            before[name] = cost
        server.stop()


def _rows(name: str, title: str, size: int, cost: Cost, before: Cost | None) -> Iterator[Row]:
    sample = Sample(size / cost.seconds, cost.seconds * 1000, cost.seconds * 1000, 0.0, 0.0)
    mebibytes = cost.memory / 2**20
    time_ratio = Figure("seconds to half as many", cost.seconds / before.seconds, DOUBLED) if before else None
    memory_ratio = Figure("memory to half as many", cost.memory / before.memory, DOUBLED) if before else None
    note = f"{cost.seconds:.1f} s, the start of the program included"
    yield Row(name, f"{title} ({cost.seconds:.1f} s)", "sqlite", 1, sample, figure=time_ratio, note=note)
    told = f"{mebibytes:.0f} MiB at the peak"
    yield Row(f"{name}-memory", f"{title} ({told})", "sqlite", figure=memory_ratio, note=told)


def run(address: str, folder: Path, command: tuple[str, ...], code: int) -> Cost:
    """Run a command to its end. Errors: RuntimeError when it ends otherwise."""
    told = folder.with_suffix(".peak")
    words = [sys.executable, "-m", "tests.bench.peak", told, *command, folder, "--address", address]
    start = time.perf_counter()
    done = subprocess.run(words, stdout=subprocess.DEVNULL, check=False)
    seconds = time.perf_counter() - start
    if done.returncode != code:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}, not {code}")
    return Cost(seconds, int(told.read_text(encoding="ascii")))


def write(folder: Path, size: int) -> None:
    """So many definitions: bodies and capabilities, and offerings with a release each."""
    folder.mkdir()
    found = list(_resources((size - 2 * seed.PROVIDERS) // 2))
    for start in range(0, len(found), PER_FILE):
        text = writer.write(found[start : start + PER_FILE])
        (folder / f"{start:05}.yaml").write_text(text, encoding="utf-8")


def _resources(offerings: int) -> Iterator[Resource]:
    for number in range(seed.PROVIDERS):
        title = {"sv": f"Kommun {number}"}
        yield Resource(organisation=Organisation(name=f"organisations/b{number}", kind=1, title=title))  # type: ignore[arg-type]
        yield Resource(capability=Capability(name=f"capabilities/c{number}", title=title))  # type: ignore[arg-type]
    for number in range(offerings):
        offering = seed.offering(number)
        yield Resource(offering=offering)
        ways = [Interface(id="api", kind=2, endpoints=[{"environment": 3, "url": f"https://b{number}.example/api"}])]  # type: ignore[arg-type,list-item]
        yield Resource(release=Release(name=f"{offering.name}/releases/1.0.0", version="1.0.0", interfaces=ways))
