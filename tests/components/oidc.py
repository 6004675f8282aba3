"""A real issuer of access tokens and ID tokens, npm's `oidc-provider`, on loopback by TLS; installed once into the environment.

Where node or npm is missing, a test fails in CI and is skipped elsewhere, saying what to install.
"""

import fcntl
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import httpx
import pytest

from tests.components.issuing import Issued
from tests.components.ports import free_port

VERSION = "9.13.3"
AUDIENCE = "https://registry.example.se"
SECRET = "only-a-test-knows-it"  # noqa: S105 - of a client that lives as long as a test
_SCRIPT = Path(__file__).with_name("oidc_provider.mjs")
_START_SECONDS = 30


class Provider:
    """An authorisation server with a key of its own. Clients: `gateway`, and `bound`, whose tokens name a certificate.

    People log in by the clients `page` and `other`, and `public`, which has no secret; they are sent back to `back`.
    `groups`: of people, by account.
    """

    def __init__(
        self,
        folder: Path,
        server: Issued,
        authority: Path,
        back: Sequence[str] = ("https://page.example.se/back",),
        groups: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._packages, self._folder, self._server = _installed(), folder, server
        self._people = {"back": list(back), "groups": dict(groups or {})}
        self.port, self._starts = free_port(), 0
        self.issuer = f"https://127.0.0.1:{self.port}"
        self.jwks, self.authority = f"{self.issuer}/jwks", authority
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def start(self) -> None:
        """Start it, with a new key, and wait until it answers."""
        self._starts += 1
        settings = {
            "packages": str(self._packages),
            "issuer": self.issuer,
            "port": self.port,
            "kid": f"key-{self._starts}",
            "secret": SECRET,
            "audience": AUDIENCE,
            "lifetime": 300,
            "certificate": str(self._server.certificate_file),
            "key": str(self._server.key_file),
            **self._people,
        }
        (self._folder / "settings.json").write_text(json.dumps(settings))
        log = self._folder / "log"
        with log.open("ab") as opened:
            self._process = subprocess.Popen(["node", _SCRIPT, self._folder], stdout=opened, stderr=opened)
        end = time.monotonic() + _START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, log.read_text()[-3000:]
            assert time.monotonic() < end, log.read_text()[-3000:]
            time.sleep(0.05)

    def stop(self) -> None:
        """End it; nobody answers there until it is started again."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(20)
            self._process = None

    def token(self, client: str = "gateway", certificate: Issued | None = None) -> str:
        """An access token, as a client gets one, which shows its certificate if it has one."""
        context = self.context
        if certificate:
            context.load_cert_chain(certificate.certificate_file, certificate.key_file)
        asked = {"grant_type": "client_credentials", "scope": "read"}
        answer = httpx.post(
            f"{self.issuer}/token", data=asked, auth=(client, SECRET), verify=context, trust_env=False, timeout=20
        )
        assert answer.status_code == httpx.codes.OK, answer.text
        found: str = answer.json()["access_token"]
        return found

    @property
    def context(self) -> ssl.SSLContext:
        """For whoever calls it."""
        return ssl.create_default_context(cafile=str(self.authority))

    def _answers(self) -> bool:
        try:
            return httpx.get(self.jwks, verify=self.context, trust_env=False, timeout=2).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False


def _installed() -> Path:
    folder = Path(sys.prefix) / "components" / f"oidc-provider-{VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several may want it at once, and one installs
        if not (folder / ".complete").exists():
            _install(folder)
    return folder


def _install(folder: Path) -> None:
    if missing := [each for each in ("node", "npm") if shutil.which(each) is None]:
        _absent(f"The issuer of tokens needs Node.js of 20 or newer with npm ({' and '.join(missing)} not found).")
    (folder / "package.json").write_text(json.dumps({"private": True, "dependencies": {"oidc-provider": VERSION}}))
    words = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        _absent(f"npm could not install oidc-provider {VERSION}: {done.stderr[-700:]}")
    (folder / ".complete").touch()


def _absent(why: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)
