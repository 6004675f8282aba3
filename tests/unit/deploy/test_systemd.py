"""The units of systemd as text: they start what exists, with options that exist, and may do little."""

import configparser
import re
import shlex
from pathlib import Path

import pytest

from registry.settings import Settings
from tests.checks.commands import programs, wrong
from tests.checks.problem import ROOT

FOLDER = ROOT / "deploy" / "systemd"
UNITS = sorted(FOLDER.glob("*.service"))
CREDENTIALS = {"GEMENSAM_CA", "GEMENSAM_CERTIFICATE", "GEMENSAM_KEY", "GEMENSAM_TOKEN_FILE", "GEMENSAM_API_KEY"}
HARDENED = {
    "NoNewPrivileges": "yes", "CapabilityBoundingSet": "", "ProtectSystem": "strict", "ProtectHome": "yes",
    "PrivateTmp": "yes", "PrivateDevices": "yes", "ProtectKernelTunables": "yes", "ProtectKernelModules": "yes",
    "ProtectControlGroups": "yes", "RestrictNamespaces": "yes", "RestrictSUIDSGID": "yes", "LockPersonality": "yes",
    "SystemCallArchitectures": "native", "User": "gemensam", "Restart": "always",
}  # fmt: skip


def unit(path: Path) -> configparser.ConfigParser:
    """A unit's sections; a key may stand more than once, and the last is told."""
    found = configparser.ConfigParser(strict=False, interpolation=None)
    found.optionxform = str  # type: ignore[method-assign, assignment]
    found.read_string(path.read_text(encoding="utf-8"))
    return found


def test_there_is_one_of_each() -> None:
    assert [path.name for path in UNITS] == ["gemensam-subscriber@.service", "gemensam.service"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_it_starts_our_program_with_options_that_exist(path: Path) -> None:
    service, known = unit(path)["Service"], programs()
    commands = [service[key] for key in ("ExecStartPre", "ExecStart") if key in service]
    for command in commands:
        program, *words = shlex.split(command)
        assert program.startswith("/opt/gemensam/bin/")
        name = Path(program).name
        assert list(wrong(known[name], name, words)) == []
    assert commands[-1].split()[1] in {"serve", "run"}


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_it_may_do_little_and_is_given_time_to_end(path: Path) -> None:
    service = unit(path)["Service"]
    assert {key: service[key] for key in HARDENED} == HARDENED
    assert int(service["TimeoutStopSec"]) > 20
    assert service["WorkingDirectory"].endswith(service["StateDirectory"])


def test_its_settings_are_those_of_the_program() -> None:
    text = (FOLDER / "registry.env").read_text(encoding="utf-8")
    told = dict(re.findall(r"^(?:# )?(GEMENSAM_[A-Z_]+)=(.+)$", text, re.MULTILINE))
    assert set(told) <= {f"GEMENSAM_{name.upper()}" for name in Settings.model_fields}
    assert str(Settings(**{name.removeprefix("GEMENSAM_").lower(): value for name, value in told.items()}).data)
    assert told["GEMENSAM_DATA"] == unit(FOLDER / "gemensam.service")["Service"]["WorkingDirectory"]


def test_no_file_of_a_deployment_names_a_setting_that_does_not_exist() -> None:
    known = {f"GEMENSAM_{name.upper()}" for name in Settings.model_fields} | CREDENTIALS
    files = [
        ROOT / "docker-compose.yml",
        *(path for path in (ROOT / "deploy").rglob("*") if path.is_file() and path.suffix != ".pyc"),
    ]
    told = {
        (str(path.relative_to(ROOT)), name)
        for path in files
        for name in re.findall(r"\bGEMENSAM_[A-Z_]+", path.read_text(encoding="utf-8"))
    }
    assert len(told) > 20
    assert {each for each in told if each[1] not in known} == set()


def test_runbooks_name_units_that_exist() -> None:
    books = (ROOT / "docs" / "runbooks").glob("*.md")
    named = {
        name for book in books for name in re.findall(r"systemctl \w+ ([\w@-]+)", book.read_text(encoding="utf-8"))
    }
    assert {re.sub(r"@\w+", "@", name) + ".service" for name in named} == {path.name for path in UNITS}
