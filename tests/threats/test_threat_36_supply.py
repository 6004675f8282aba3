"""Threat 36: what the program is made of is pinned and hashed, listed, and asked about; a wrong part is refused."""

import hashlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.checks import supply
from tests.components.ports import free_port

PROGRAMS = Path(sys.executable).parent
WRONG = "0" * 64
INSTALLERS = {
    "pip": [sys.executable, "-m", "pip", "--disable-pip-version-check", "install"],
    "uv": [str(PROGRAMS / "uv"), "pip", "install", "--offline"],
}
LOCK = f"tiny==1.0.0 \\\n    --hash=sha256:{WRONG}\nother==2.0.0 --hash=sha256:{WRONG}\n"


def wheel(folder: Path) -> str:
    """A package of one empty module; returns its hash."""
    file, about = folder / "tiny-1.0.0-py3-none-any.whl", "tiny-1.0.0.dist-info"
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("tiny.py", "")
        made.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0.0\n")
        made.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        made.writestr(f"{about}/RECORD", f"tiny.py,,\n{about}/METADATA,,\n{about}/WHEEL,,\n{about}/RECORD,,\n")
    return hashlib.sha256(file.read_bytes()).hexdigest()


@contextmanager
def advisories(vulnerable: str) -> Iterator[str]:
    """A service of advisories (OSV) on loopback, which knows one of a single package."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            known = {"id": "TEST-2026-1", "affected": [], "published": "2026-01-01T00:00:00Z"}
            found = {"vulns": [known]} if asked["package"]["name"] == vulnerable else {}
            body = json.dumps(found).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()


def test_threat_36_every_part_is_pinned_and_has_hashes() -> None:
    text = supply.LOCK.read_text(encoding="utf-8")
    assert len(supply.pins(text)) > 100
    assert list(supply.loose(text)) == []
    assert len(list(supply.loose("tiny>=1 --hash=sha256:" + WRONG))) == 1
    assert len(list(supply.loose("tiny==1.0.0"))) == 1
    assert len(list(supply.loose(f"tiny==1.0.0 --hash=md5:{WRONG}"))) == 1
    assert len(list(supply.loose(f"tiny==1.0.0 \\\nother==2.0.0 --hash=sha256:{WRONG}"))) == 1, (
        "the other's hash is not its own"
    )


@pytest.mark.parametrize("installer", INSTALLERS)
def test_threat_36_a_part_with_another_hash_is_not_installed(tmp_path: Path, installer: str) -> None:
    real = wheel(tmp_path)
    for name, told in (("wrong", WRONG), ("right", real)):
        lock, target = tmp_path / f"{name}.lock", tmp_path / name
        lock.write_text(f"tiny==1.0.0 \\\n    --hash=sha256:{told}\n")
        words = ["--require-hashes", "--no-index", "--find-links", tmp_path, "--target", target, "--requirement", lock]
        done = subprocess.run(
            [*INSTALLERS[installer], *words], capture_output=True, text=True, timeout=120, check=False
        )
        assert (done.returncode == 0) == (name == "right"), done.stderr
        assert (target / "tiny.py").exists() == (name == "right")
        if name == "wrong":
            assert "hash" in done.stderr.lower()
            assert real in done.stderr


@pytest.mark.parametrize(
    ("vulnerable", "code", "words"),
    [
        ("tiny", supply.WRONG, "known to be vulnerable: tiny 1.0.0: TEST-2026-1"),
        ("", supply.WELL, "none of 2 is known"),
    ],
)
def test_threat_36_a_pin_that_is_known_to_be_vulnerable_fails_the_check(
    tmp_path: Path, vulnerable: str, code: int, words: str
) -> None:
    lock = tmp_path / "lock"
    lock.write_text(LOCK)
    with advisories(vulnerable) as service:
        found, said = supply.audit(lock, service)
    assert found == code
    assert said.startswith(words)


def test_threat_36_a_service_that_cannot_be_asked_is_not_taken_for_a_good_answer(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text(LOCK)
    code, said = supply.audit(lock, f"http://127.0.0.1:{free_port()}/v1/query")
    assert code == supply.NOT_ASKED
    assert said.startswith("not asked")


def test_threat_36_the_bill_lists_every_part_with_its_version_and_hash(tmp_path: Path) -> None:
    out = tmp_path / "bill.json"
    supply.bill(supply.LOCK, out)
    bill = json.loads(out.read_text(encoding="utf-8"))
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["name"] == "gemensam"
    listed = {each["name"].lower(): each["version"] for each in bill["components"]}
    pinned = supply.pins(supply.LOCK.read_text(encoding="utf-8"))
    assert {name.replace("_", "-").replace(".", "-") for name in listed} == set(pinned)
    assert all(each.get("version") for each in bill["components"])


def test_threat_36_whoever_sets_up_installs_by_hash() -> None:
    makefile = (supply.LOCK.parent / "Makefile").read_text(encoding="utf-8")
    installs = [line for line in makefile.splitlines() if "requirements.lock" in line and " install " in line]
    assert installs
    assert all("--require-hashes" in line for line in installs)
