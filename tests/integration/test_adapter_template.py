"""The template for adapters of others passes the suite as it stands: what the guide promises is run."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

from subscribers.conformance import CHECKS

TEMPLATE = Path(__file__).parents[2] / "examples" / "adapter"
ROOT = TEMPLATE.parents[1]


def installed(folder: Path) -> str:
    """A path on which Python finds the template as if it were installed: its modules, and what its package says."""
    project = tomllib.loads((TEMPLATE / "pyproject.toml").read_text())["project"]
    info = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    points = [
        f"[{group}]\n" + "".join(f"{a} = {b}\n" for a, b in each.items())
        for group, each in project["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n".join(points))
    return os.pathsep.join([str(folder), str(TEMPLATE), str(ROOT)])


def test_the_template_passes_the_whole_suite_with_its_own_test(tmp_path: Path) -> None:
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(TEMPLATE),
        "-c",
        str(TEMPLATE / "pyproject.toml"),
        "-v",
    ]
    environment = {**os.environ, "PYTHONPATH": installed(tmp_path)}
    done = subprocess.run(
        [*words, str(TEMPLATE / "tests")], env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert f"{len(CHECKS)} passed" in done.stdout
