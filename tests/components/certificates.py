"""Certificates of an authority of the test's own, made by openssl."""

import shutil
import subprocess
from pathlib import Path


class Authority:
    """`trust_store` is a file with the authority's own certificate."""

    def __init__(self, folder: Path) -> None:
        assert shutil.which("openssl"), "openssl is missing: install the package of that name"
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self.trust_store, self._key = folder, folder / "ca.pem", folder / "ca.key"
        common = ["-subj", "/CN=Test authority", "-days", "2", "-nodes", *_EC]
        self._run("req", "-x509", *common, "-keyout", str(self._key), "-out", str(self.trust_store))

    def certificate(self, *names: str, subject: str = "service") -> Path:
        """Key and certificate for subject alternative names, for example `DNS:localhost` or `IP:127.0.0.1`."""
        stem = self._folder / str(len(list(self._folder.iterdir())))
        key, chain, both = (stem.with_suffix(end) for end in (".key", ".crt", ".pem"))
        issued = [
            "-CA",
            str(self.trust_store),
            "-CAkey",
            str(self._key),
            "-addext",
            f"subjectAltName={','.join(names)}",
        ]
        self._run(
            "req",
            "-x509",
            "-subj",
            f"/CN={subject}",
            "-days",
            "2",
            "-nodes",
            *_EC,
            *issued,
            "-keyout",
            str(key),
            "-out",
            str(chain),
        )
        both.write_bytes(key.read_bytes() + chain.read_bytes())
        return both

    def _run(self, *words: str) -> None:
        subprocess.run(["openssl", *words], check=True, capture_output=True)


_EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
