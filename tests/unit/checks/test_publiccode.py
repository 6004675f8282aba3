"""publiccode.yml is held against the rules of 0.7."""

from pathlib import Path

import pytest

from tests.checks import publiccode
from tests.unit.checks.conftest import Write

RIGHT = f"""publiccodeYmlVersion: "0.7"
name: Gemensam
url: https://code.example/gemensam.git
platforms: [linux]
developmentStatus: development
softwareType: standalone/backend
intendedAudience:
  countries: [SE]
description:
  sv:
    shortDescription: Kort
    longDescription: {"l" * 150}
    features: [en]
legal:
  license: EUPL-1.2
maintenance:
  type: none
localisation:
  localisationReady: true
  availableLanguages: [sv, en]
"""


@pytest.mark.parametrize(
    ("old", "new", "key", "line"),
    [
        ('"0.7"', "0.2", "publiccodeYmlVersion", 1),
        ("name: Gemensam", "nam: Gemensam", "name", 1),
        ("https://code.example/gemensam.git", "gemensam", "url", 3),
        ("platforms: [linux]\n", "", "platforms", 1),
        ("development\n", "ready\n", "developmentStatus", 5),
        ("standalone/backend", "standalone/cloud", "softwareType", 6),
        ("[SE]", "[se]", "intendedAudience.countries", 8),
        ("  sv:", "  Svenska:", "description.Svenska", 10),
        ("Kort", "k" * 151, "description.sv.shortDescription", 11),
        ("l" * 150, "l" * 149, "description.sv.longDescription", 12),
        ("    features: [en]\n", "", "description.sv.features", 10),
        ("EUPL-1.2", "EUPL 1.2 or so", "legal.license", 15),
        ("type: none", "type: volunteers", "maintenance.type", 17),
        ("type: none", "type: community", "maintenance.contacts", 16),
        ("type: none", "type: contract", "maintenance.contractors", 16),
        ("true", '"yes"', "localisation.localisationReady", 19),
        ("[sv, en]", "[]", "localisation.availableLanguages", 20),
    ],
)
def test_what_the_rules_refuse_is_found(project: Path, write: Write, old: str, new: str, key: str, line: int) -> None:
    write(publiccode.NAME, RIGHT)
    assert list(publiccode.problems(project)) == []
    assert old in RIGHT
    write(publiccode.NAME, RIGHT.replace(old, new, 1))
    (problem,) = publiccode.problems(project)
    assert problem.what.startswith(f"{key} ")
    assert problem.line == line


def test_a_missing_file_is_found(project: Path) -> None:
    (problem,) = publiccode.problems(project)
    assert "missing" in problem.what
