"""HAProxy by files and its sockets: maps change while it runs, and new backends come by a reload that drops nothing.

The files are `backends.cfg` and three maps under `current` in a folder; the operator's own frontend leads to them (see
`gemensam-subscriber bootstrap`). HAProxy must run in master-worker mode, and its stats socket pass on the listeners.
"""

import time
from collections.abc import Mapping, Sequence

from subscribers.adapter import AdapterError, Service
from subscribers.adapters import commands
from subscribers.adapters import haproxy_config as config
from subscribers.adapters.gateway import TRUST_STORE
from subscribers.adapters.haproxy_sockets import HAProxySockets
from subscribers.adapters.marked import Parts
from subscribers.adapters.text_gateway import TextGateway

LOADED_SECONDS, PAUSE_SECONDS = 10.0, 0.01


class HAProxyAdapter(TextGateway):
    """`directory`: where the files are; `gateway`: base URL of the frontend; `socket`, `master`: paths of its sockets.

    `command`: the words that HAProxy is started with, for example [haproxy, -f, /etc/haproxy/haproxy.cfg, -f,
    /etc/haproxy/gemensam/current/backends.cfg]. `trust_store`: a file with the certificates that prove upstreams, and
    a gateway called by https.
    """

    def __init__(
        self,
        *,
        directory: str,
        gateway: str,
        socket: str,
        master: str,
        command: Sequence[str],
        trust_store: str = TRUST_STORE,
    ) -> None:
        super().__init__("haproxy", directory, config.FILES, gateway, trust_store)
        self._command = tuple(command)
        self._paths = dict(zip(config.FILES, self._files.paths(), strict=True))
        self._sockets = HAProxySockets(socket, master)

    def check(self) -> None:
        """HAProxy answers at its sockets, uses every map that leads to a backend, and its gateway answers."""
        self._files.prepare()
        self._sockets.entries(self._paths[config.PATHS])
        self._sockets.entries(self._paths[config.AUTHORITIES])
        if not any(word.endswith(config.BACKENDS) for word in self._command):
            words = f"the command of HAProxy has no -f {self._paths[config.BACKENDS]}"
            raise AdapterError("TARGET_NOT_FOLLOWING", words)
        if (proof := self._calls.reach()).reason:
            raise AdapterError(proof.reason, proof.message)

    def observe(self) -> Mapping[str, str]:
        """What the files hold under our mark, each noted as stale when HAProxy runs on something else."""
        note = "" if self._runs() else "not loaded by the gateway\n"
        return {key: note + self._files.shown(parts) for key, parts in self._files.ours().items()}

    def _blocks(self, service: Service) -> Parts:
        """Backends and map entries of the service."""
        return config.blocks(service, self._trust_store, self._paths[config.RELEASES])

    def _bring(self, ours: Mapping[str, Parts]) -> None:
        before = self._files.texts()
        self._files.write(ours)
        texts = self._files.texts()
        wanted, running = config.servers(texts[config.BACKENDS]), self._sockets.servers()
        if wanted - running:
            self._reload(before)
            return
        self._change_maps(texts)
        if running - wanted:
            self._reload(before)

    def _change_maps(self, texts: Mapping[str, str]) -> None:
        """While it runs, each map at once; the releases first, for whoever is led to a backend has an answer by one."""
        for name in (config.RELEASES, config.AUTHORITIES, config.PATHS):
            wanted = config.entries(texts[name])
            if self._held(name) not in {None, tuple(wanted)}:
                self._sockets.replace(self._paths[name], wanted)

    def _reload(self, before: Mapping[str, str]) -> None:
        try:
            commands.run([*self._command, "-c"], "GATEWAY_REJECTED")
        except AdapterError:
            self._files.put_back(before)
            raise
        self._sockets.reload()
        end = time.monotonic() + LOADED_SECONDS
        while not self._runs(unknown=False):
            if time.monotonic() > end:
                raise AdapterError("TARGET_UNAVAILABLE", f"HAProxy has not loaded its files after {LOADED_SECONDS} s.")
            time.sleep(PAUSE_SECONDS)

    def _runs(self, *, unknown: bool = True) -> bool:
        """Whether HAProxy runs on the files; `unknown` when it does not answer."""
        texts = self._files.texts()
        try:
            if self._sockets.servers() != config.servers(texts[config.BACKENDS]):
                return False
            held = {name: self._held(name) for name in config.MAPS}
        except AdapterError:
            return unknown
        return all(found in {None, tuple(config.entries(texts[name]))} for name, found in held.items())

    def _held(self, name: str) -> tuple[tuple[str, str], ...] | None:
        """What HAProxy holds of a map; None for one that nothing refers to: releases, while no backend is there."""
        try:
            return tuple(self._sockets.entries(self._paths[name]))
        except AdapterError as error:
            if name == config.RELEASES and error.reason == "TARGET_NOT_FOLLOWING":
                return None
            raise
