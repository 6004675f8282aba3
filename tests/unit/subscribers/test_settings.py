"""The configuration file: what is wrong in it is said with its place and what would be right."""

from pathlib import Path
from typing import Any

import pytest

from subscribers.adapters.files import FilesAdapter
from subscribers.settings import load, make_adapter

GOOD = """
registry: registry.example.se:7400
systems: [organisations/b/systems/gw]
adapters:
  - {kind: files, directory: services}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "subscriber.yaml"
    path.write_text(text)
    return path


def test_paths_are_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "body"
    folder.mkdir()
    written(folder, GOOD)
    monkeypatch.chdir(tmp_path)
    settings = load(Path("body/subscriber.yaml"))
    assert settings.policy == folder / "policy.yaml"
    assert settings.state == folder / "state.db"
    assert settings.adapters[0]["directory"] == str(folder / "services")
    absolute = load(written(folder, GOOD.replace("services}", "/srv/services}") + "state: /var/lib/x.db\n"))
    assert (str(absolute.state), absolute.adapters[0]["directory"]) == ("/var/lib/x.db", "/srv/services")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", "Settings"),
        ("systems: []\nadapters: [{kind: files}]", "systems"),
        ("systems: [organisations/b]\nadapters: [{kind: files}]", "systems"),
        ("systems: [organisations/B/systems/gw]\nadapters: [{kind: files}]", "systems"),
        ("systems: [organisations/b/systems/gw]\nadapters: []", "adapters"),
        ("systems: [organisations/b/systems/gw]\nadapters: [files]", "adapters"),
        (GOOD + "source: kafka", "source"),
        (GOOD + "probe_seconds: 0", "probe_seconds"),
        (GOOD + "probe_seconds: .inf", "probe_seconds"),
        (GOOD + "probe_seconds: .nan", "probe_seconds"),
        (GOOD + "adapter: []", "adapter"),
        (GOOD.replace("registry.example.se:7400", "http://registry.example.se:7400"), "registry"),
        (GOOD.replace("registry.example.se:7400", "registry.example.se"), "registry"),
        ("systems: [", "line 1"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, names: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ValueError, match=names) as caught:
        load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("address", ["127.0.0.1:7400", "[::1]:7400", "dns:///registry.example.se:7400"])
def test_addresses_of_a_registry(tmp_path: Path, address: str) -> None:
    text = GOOD.replace("registry.example.se:7400", f'"{address}"')
    assert load(written(tmp_path, text)).registry == address


def test_a_file_that_is_missing_or_no_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="gemensam-subscriber init"):
        load(tmp_path / "none.yaml")
    with pytest.raises(ValueError, match="directory"):
        load(tmp_path)


def test_adapters_are_found_by_their_entry_points(tmp_path: Path) -> None:
    made = make_adapter({"kind": "files", "directory": str(tmp_path)})
    assert isinstance(made, FilesAdapter)
    with pytest.raises(ValueError, match=r"none of .*files"):
        make_adapter({"kind": "apache"})
    with pytest.raises(ValueError, match=r"none of .*files"):
        make_adapter({"directory": "x"})
    with pytest.raises(ValueError, match=r"files: .*folder"):
        make_adapter({"kind": "files", "folder": "x"})
    with pytest.raises(ValueError, match=r"envoy: .*gateway"):
        make_adapter({"kind": "envoy", "directory": "x"})
    options = {"kind": "envoy", "directory": "x", "gateway": "https://127.0.0.1:1", "admin": "127.0.0.1:2"}
    with pytest.raises(ValueError, match="No such file"):
        make_adapter({**options, "trust_store": str(tmp_path / "none.pem")})


def test_certificates_are_found_beside_the_configuration(tmp_path: Path) -> None:
    files = {"certificate": "own.pem", "key": "own.key", "clients": "tls/ca.pem"}
    listed = ", ".join(f"{name}: {path}" for name, path in files.items())
    text = (
        GOOD + f"  - {{kind: envoy-xds, directory: x, gateway: 'http://127.0.0.1:1', listen: '0.0.0.0:1', {listed}}}\n"
    )
    found = load(written(tmp_path, text)).adapters[1]
    assert {name: found[name] for name in files} == {name: str(tmp_path / path) for name, path in files.items()}
    with pytest.raises(ValueError, match=r"envoy-xds: .*No such file"):
        make_adapter(found)


def test_an_adapter_that_calls_somebody_is_judged_by_the_runners_policy_unless_another_is_named(tmp_path: Path) -> None:
    text = GOOD + "  - {kind: webhook, url: 'https://hook.example.se', directory: hook, secrets: hook/secrets}\n"
    found = load(written(tmp_path, text)).adapters[1]
    assert (found["policy"], found["secrets"]) == (str(tmp_path / "policy.yaml"), str(tmp_path / "hook" / "secrets"))
    own = load(written(tmp_path, text.replace("directory: hook", "directory: hook, policy: hook/policy.yaml")))
    assert own.adapters[1]["policy"] == str(tmp_path / "hook" / "policy.yaml")
    with pytest.raises(ValueError, match=r"webhook: .*policy\.yaml is missing"):
        make_adapter(found)
    (tmp_path / "policy.yaml").write_text("{organisations: ['*'], hosts: ['*']}")
    with pytest.raises(ValueError, match=r"webhook: .*secrets: No such file"):
        make_adapter(found)
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "secrets").write_text("whsec_short\n")
    with pytest.raises(ValueError, match="random bytes as base64") as caught:
        make_adapter(found)
    assert "short" not in str(caught.value)


def test_an_adapter_of_somebody_else_is_found_by_its_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "theirs.py").write_text(
        "class Adapter:\n    def __init__(self, *, place):\n        self.place = place\n"
    )
    info = tmp_path / "theirs-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[gemensam.adapters]\ntheirs = theirs:Adapter\nbroken = nowhere:Adapter\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    made: Any = make_adapter({"kind": "theirs", "place": "here"})
    assert made.place == "here"
    with pytest.raises(ValueError, match="broken: No module named 'nowhere'"):
        make_adapter({"kind": "broken"})
