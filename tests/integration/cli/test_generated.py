"""`gemensam export --for`: what a runner with the adapter `files` would write, for a body that has none."""

import json
from pathlib import Path
from typing import Any

import pytest

from registry.api.v1.offering_pb2 import Offering
from registry.api.v1.onboarding_service_pb2 import EndSubscriptionRequest
from registry.api.v1.release_pb2 import Release
from registry.api.v1.subscription_pb2 import Subscription
from registry.cli.connection import connected
from subscribers import generated
from tests.integration.cli.program import Server
from tests.integration.cli.test_joining import ORGANISATION, filled, system

B = "organisations/b"
RELEASE = "---\napiVersion: gemensam/v1\nkind: Release\nmetadata: {{name: offerings/{0}/releases/{1}}}\nspec: {{version: {1}, interfaces: [{{id: api, kind: rest, endpoints: [{{environment: production, url: '{2}'}}]}}]}}\n"
POLICY = "organisations: [organisations/*]\nhosts: [192.0.2.7]\nports: [443]\nprivate_ranges: [192.0.2.0/24]\n"
CLASS = ("--class", f'name = "{B}"')


@pytest.fixture(scope="module")
def subscribed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Body b uses the permits (two releases) and the schools' trial; c uses the permits too."""
    server = Server(tmp_path_factory.mktemp("generated") / "data")
    bodies = "".join(ORGANISATION.format(each, "22", "") + system(each) for each in ("b", "c"))
    permits = RELEASE.format("permits", "1.0.0", "https://192.0.2.7/api") + RELEASE.format("permits", "1.10.0", "https://permits.invalid/v1/")  # fmt: skip
    filled(server, bodies, system("b", "try", "test"), permits)
    assert server("join", "permits", "--class", 'county_code = "22"', "--yes").code == 0
    yield server
    server.stop()


def documents(folder: Path) -> dict[str, Any]:
    return {path.name: json.loads(path.read_text()) for path in folder.glob("*.gemensam.json")}


def test_a_document_for_each_subscription_unjudged_and_said_so(subscribed: Server) -> None:
    done = subscribed("export", "--for", "b", "--json")
    assert done.code == 0
    assert "Without a policy everything" in done.err
    [found] = done.lines()
    assert found["subscription"].startswith(f"{B}/subscriptions/permits-")
    assert (found["offering"], found["release"]) == ("offerings/permits", "offerings/permits/releases/1.10.0")
    upstream = {"scheme": "https", "host": "permits.invalid", "port": 443, "path": "/v1", "addresses": []}
    [interface] = found["interfaces"]
    assert (interface["id"], interface["path"], interface["upstream"]) == ("api", "/b/permits/api", upstream)
    pretty = subscribed("export", "--for", B).out
    assert json.loads(pretty) == found


def test_a_policy_judges_as_it_would_for_a_runner(subscribed: Server, tmp_path: Path) -> None:
    rules = tmp_path / "policy.yaml"
    rules.write_text(POLICY)
    done = subscribed("export", "--for", B, "--policy", rules, "--json")
    [found] = done.lines()
    assert found["release"] == "offerings/permits/releases/1.0.0"  # the newest that it lets in
    assert found["interfaces"][0]["upstream"]["addresses"] == ["192.0.2.7"]
    assert done.code == 1
    assert "HOST_NOT_ALLOWED: offerings/permits/releases/1.10.0 is refused" in done.err
    assert "Without a policy" not in done.err


def test_a_folder_follows_and_only_what_is_the_bodys_is_touched(subscribed: Server, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    assert subscribed("export", "--for", "c", "--out", folder).code == 0
    (folder / "own.gemensam.json").write_text("{}")
    first = subscribed("export", "--for", "b", "--out", folder)
    assert f"1 services of {B} are in {folder}: 1 written." in first.out
    written = documents(folder)
    assert [name.split(".")[0] for name in sorted(written)] == ["b", "c", "own"]
    again = subscribed("export", "--for", "b", "--out", folder)
    assert f"1 services of {B} are in {folder}: 1 as they were." in again.out
    [name] = [each["subscription"] for each in written.values() if each.get("subscription", "").startswith(B)]
    with connected(subscribed.grpc) as registry:
        registry.call(registry.onboarding.EndSubscription, EndSubscriptionRequest(name=name))
    gone = subscribed("export", "--for", "b", "--out", folder, "--json")
    assert gone.lines() == [{"subscription": name, "action": "remove"}]
    assert [each.split(".")[0] for each in sorted(documents(folder))] == ["c", "own"]
    assert subscribed("join", "permits", *CLASS, "--again", "--yes").code == 0


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["--for", "nobody"], 1, "RESOURCE_NOT_FOUND"),
        (["--for", "b", "--kinds", "offering"], 2, "--kinds and --prefix without it"),
        (["--policy", "policy.yaml"], 2, "--policy goes with --for"),
        (["--for", "b", "--policy", "/nowhere.yaml"], 2, "/nowhere.yaml is missing"),
        (["--for", "b", "--out", "/dev/null/x"], 1, "/dev/null/x: Not a directory"),
    ],
)
def test_what_cannot_be_done_is_explained(subscribed: Server, args: list[str], code: int, words: str) -> None:
    done = subscribed("export", *args)
    assert done.code == code
    assert words in done.err
    assert "Traceback" not in done.err


def test_what_a_registry_says_wrongly_is_no_file(tmp_path: Path) -> None:
    """Names become paths: those that are none are refused here again, and so are addresses that mislead."""
    release = Release(name="offerings/x/releases/1.0.0", version="1.0.0", state=3, revision=1)  # type: ignore[arg-type]
    release.interfaces.add(id="api", kind=2).endpoints.add(environment=3, url="https://host.example/../x")  # type: ignore[arg-type]
    names = ["organisations/../subscriptions/x", "organisations/b/subscriptions/y"]
    uses = [Subscription(name=name, offering="offerings/x", system=f"{B}/systems/gw", environment=3, state=3, revision=2) for name in names]  # type: ignore[arg-type] # fmt: skip
    found = generated.judged([*uses, release, Offering(name="offerings/x", provider="organisations/a", revision=1)])
    assert [each.problem and each.problem.reason for each in found] == ["RELEASE_UNAVAILABLE", "URL_REFUSED"]
    assert not generated.services(found)
    assert not generated.bring(tmp_path, B, found).steps
    assert not list(tmp_path.iterdir())
