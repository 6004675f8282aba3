"""nginx by files that the operator's own nginx.conf includes: written, tested by nginx itself, reloaded, else put back.

The files are `current/http.conf` and `current/server.conf` in a folder (see `gemensam-subscriber bootstrap`). A reload
drops no request: nginx lets its old workers finish what they began. A place of ours tells which version it runs on.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from subscribers.adapter import AdapterError, Service
from subscribers.adapters import commands
from subscribers.adapters import nginx_config as config
from subscribers.adapters.gateway import TRUST_STORE
from subscribers.adapters.marked import Parts
from subscribers.adapters.text_gateway import TextGateway

LOADED_SECONDS, SETTLE_SECONDS, PAUSE_SECONDS = 10.0, 1.0, 0.01
STEADY_SECONDS = 0.25  # nginx starts its new workers a tenth of a second before it tells the old ones to end
_TOLD = "version"  # the key of the block that is no service's


class NginxAdapter(TextGateway):
    """`directory`: where the files are; `gateway`: base URL of the server that includes them.

    `command`: the words that nginx is called with, for example [nginx, -c, /etc/nginx/nginx.conf].
    `trust_store`: a file with the certificates that prove upstreams, and a gateway called by https.
    """

    def __init__(
        self, *, directory: str, gateway: str, command: Sequence[str] = ("nginx",), trust_store: str = TRUST_STORE
    ) -> None:
        super().__init__("nginx", directory, config.FILES, gateway, trust_store)
        self._command = tuple(command)

    def check(self) -> None:
        """Whether nginx includes both files, and its gateway answers."""
        self._files.prepare()
        said = commands.run([*self._command, "-T"], "TARGET_NOT_FOLLOWING")
        read = {Path(line[21:-1]).resolve() for line in said.splitlines() if line.startswith("# configuration file ")}
        missing = [str(path) for path in self._files.paths() if path.resolve() not in read]
        if missing:
            words = f"nginx includes no {' and '.join(missing)}: its nginx.conf must (see `bootstrap`)."
            raise AdapterError("TARGET_NOT_FOLLOWING", words)
        if (proof := self._calls.reach()).reason:
            raise AdapterError(proof.reason, proof.message)

    def observe(self) -> Mapping[str, str]:
        """What the files hold under our mark, each noted as stale when the gateway runs on something else."""
        ours = self._files.ours()
        note = "" if self._runs(_version(ours), SETTLE_SECONDS, unknown=True) else "not loaded by the gateway\n"
        return {key: note + self._files.shown(parts) for key, parts in ours.items() if key != _TOLD}

    def _blocks(self, service: Service) -> Parts:
        """Upstreams and locations of the service."""
        return config.blocks(service, self._trust_store)

    def _bring(self, ours: Mapping[str, Parts]) -> None:
        """When this returns, what is new is served by every worker, and what is gone by none."""
        version = _version(ours)
        before = self._files.texts()
        self._files.write({**ours, _TOLD: {config.SERVER: config.told(version)} if version else {}})
        try:
            commands.run([*self._command, "-t", "-q"], "GATEWAY_REJECTED")
        except AdapterError:
            self._files.put_back(before)
            raise
        commands.run([*self._command, "-s", "reload"], "TARGET_UNAVAILABLE")
        if not self._runs(version, LOADED_SECONDS, unknown=False, steady=STEADY_SECONDS):
            raise AdapterError("TARGET_UNAVAILABLE", f"nginx has not loaded its files after {LOADED_SECONDS:g} s.")

    def _runs(self, version: str, seconds: float, *, unknown: bool, steady: float = 0.0) -> bool:
        """Whether the gateway runs on the version within so many seconds; `unknown` when it does not answer.

        Old workers still take connections for moments after the first new one has: `steady` is for how long nothing but
        the version must be heard.
        """
        start = since = time.monotonic()
        while True:
            running = self._calls.header(f"{config.PLACE}/version", config.VERSION_HEADER)
            now = time.monotonic()
            if running is None and unknown:
                return True
            if running != version:
                since = now + PAUSE_SECONDS
            if now - since >= steady:
                return True
            if now - start > seconds:
                return False
            time.sleep(PAUSE_SECONDS)


def _version(ours: Mapping[str, Mapping[str, str]]) -> str:
    """'' when nothing of ours is there: then nothing tells that it ever was."""
    texts = [text for key, parts in sorted(ours.items()) if key != _TOLD for text in parts.values() if text]
    return config.version(texts) if texts else ""
