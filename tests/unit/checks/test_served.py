"""The list of unserved methods is held against the server."""

from pathlib import Path

from registry.rpc.binder import unserved
from tests.checks import served
from tests.unit.checks.conftest import Write

README = f"""# Contract

`GetSpec` is served.

{served.HEADING}

- `ProposeAgreement`, `GetAgreement`

## Errors

`CreateOffering` is not about this.
"""


def test_the_right_list_has_no_problems(project: Path, write: Write) -> None:
    write(served.README, README)
    assert list(served.problems({"ProposeAgreement", "GetAgreement"}, project)) == []


def test_what_is_missing_and_what_is_too_much_are_found(project: Path, write: Write) -> None:
    write(served.README, README)
    missing, much = sorted(served.problems({"ProposeAgreement", "EndAgreement"}, project))
    assert (missing.line, "`EndAgreement`" in missing.what) == (5, True)
    assert (much.line, "`GetAgreement`" in much.what) == (7, True)


def test_a_readme_without_the_list_is_found(project: Path) -> None:
    (problem,) = served.problems({"ProposeAgreement"}, project)
    assert served.HEADING in problem.what


def test_methods_are_asked_of_the_services_themselves() -> None:
    assert served.not_served() == set()
    assert {"ProposeAgreement", "GetOffering"} <= set(unserved({}))
