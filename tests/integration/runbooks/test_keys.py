"""The runbook of keys that others may hold: taken back, replaced, and everything after that as it was."""

import json
import re
from pathlib import Path

import yaml

from tests.components.issuing import Authority
from tests.components.ports import free_port
from tests.integration.cli.program import Done, gemensam
from tests.integration.runbooks.conftest import Boot, Machine
from tests.integration.runbooks.test_store import until

SECRET = re.compile(r"gmsm_\S+")


def made(machine: Machine, *words: str) -> tuple[str, str]:
    """A new key: its name, and what opens the door."""
    (found,) = machine.server("keys", "create", *words, "--json").lines()
    return found["key"]["name"], found["secret"]


def test_keys_that_others_hold(boot: Boot, tmp_path: Path) -> None:
    authority, port = Authority(tmp_path / "authority"), free_port()
    server, stolen = authority.server("127.0.0.1"), authority.organisation()
    deny = tmp_path / "deny.txt"
    deny.write_text("# taken back by us\n")
    trust = tmp_path / "trust.yaml"
    issuer = {"id": "test", "ca": str(authority.file), "number": "organization_identifier"}
    files = {"certificate": str(server.certificate_file), "key": str(server.key_file)}
    trust.write_text(yaml.safe_dump({"server": files, "certificates": [issuer], "deny": str(deny)}))
    machine = boot()
    assert machine.server("apply", machine.definitions).code == 0
    key, leaked = made(machine, "Import", "--for", "a", "--may", "read,declare,publish")
    operator_key, operator = made(machine, "Operator", "--may", "operate")
    certificates = f"127.0.0.1:{port}"
    machine.configure(
        GEMENSAM_IDENTITY="required", GEMENSAM_TRUST=str(trust), GEMENSAM_CERTIFICATE_ADDRESS=certificates
    )
    book = machine.book(
        "key-compromise", GEMENSAM_API_KEY=operator, GEMENSAM_CA=str(authority.file), KEY=key, DENY=str(deny),
        OPERATOR_KEY=operator_key, ORGANISATION="organisations/a", FINGERPRINT=stolen.fingerprint, ORIGIN="registry.example",
    )  # fmt: skip
    here = book.environment

    def who(**proof: str) -> Done:
        known = {name: here[name] for name in ("GEMENSAM_GRPC_ADDRESS", "GEMENSAM_CA")}
        return gemensam("principals", "me", **(known | proof))

    book.follow("What a principal did")
    assert who(GEMENSAM_API_KEY=leaked).code == 0
    listed, _, replaced = book.follow("An API key")
    assert key in listed.out
    assert who(GEMENSAM_API_KEY=leaked).code == 1
    new = SECRET.search(replaced.out)
    assert new
    assert who(GEMENSAM_API_KEY=new[0]).code == 0
    book.follow("An operator's key")
    assert who(GEMENSAM_API_KEY=operator).code == 1
    shown = {"GEMENSAM_GRPC_ADDRESS": certificates, "GEMENSAM_CERTIFICATE": str(stolen.certificate_file)}
    shown["GEMENSAM_KEY"] = str(stolen.key_file)
    assert "certificates/test/" in who(**shown).out
    book.follow("A certificate of a body, before its issuer lists it")
    until(lambda: "CREDENTIAL_REVOKED" in who(**shown).err)
    origin = json.loads(gemensam("ledger", "key", "--json", **here).out)["name"]
    changed = book.follow("The registry's signing key")[-1]
    assert changed.out.startswith("registry.example+")
    assert origin != "registry.example"
    _, verified, signed = book.follow("Over when")
    assert "The chain holds" in verified.out
    assert "registry.example" in signed.out
    assert book.left() == []
