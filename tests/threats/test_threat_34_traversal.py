"""Threat 34: names that lead out of a folder, and texts that end what they stand in."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from subscribers.adapter import AdapterError, Service, Upstream
from subscribers.adapters.backstage import BackstageAdapter
from subscribers.conformance import bring, holds, service
from subscribers.settings import make_adapter
from tests.contract.adapters.catalogue import problems

HERE = Upstream("https", "service.example.se", 443, "", ("93.184.216.34",))
KEYS = (
    "organisations/../subscriptions/x",
    "organisations/b/subscriptions/../../x",
    "organisations/b/subscriptions/..",
    "../../x",
    "organisations/b/subscriptions/x\n",
    "organisations/b/subscriptions/x\0y",
    "/etc/passwd",
    "organisations/b/subscriptions/}; evil {",
    "organisations/b/subscriptions/\u202e",
)


def outside(folder: Path) -> list[str]:
    return sorted(str(path) for path in folder.rglob("*") if "inner/target" not in str(path))


@pytest.mark.parametrize("key", KEYS)
def test_threat_34_a_name_that_leads_elsewhere_is_refused_and_the_others_are_untouched(
    tmp_path: Path, options: dict[str, Any], key: str
) -> None:
    adapter, good = make_adapter(options), service(0, HERE)
    bring(adapter, [good])
    before = outside(tmp_path)
    bad = Service(key, good.offering, good.release, "x", "production", good.routes)
    with pytest.raises(AdapterError) as caught:
        bring(adapter, [good, bad])
    assert (caught.value.reason, set(caught.value.keys)) == ("NAME_REFUSED", {key})
    holds(adapter, [good])
    assert outside(tmp_path) == before
    adapter.close()


TITLES = (
    "x\n---\nkind: Location\nspec: {target: /etc/passwd}",
    "x'\n  evil: true",
    "!!python/object/apply:os.system ['true']",
    "*a",
    "# se.gemensam organisations/c/subscriptions/evil",
    "{{ evil }} ${evil} %{evil}",
    "\u2028\u2029\ud7ff\x85",
)


@pytest.mark.parametrize("title", TITLES)
def test_threat_34_a_title_stays_a_title_in_the_catalogue(tmp_path: Path, title: str) -> None:
    adapter = BackstageAdapter(directory=str(tmp_path), owner="group:default/it")
    here = service(0, HERE, title=title)
    bring(adapter, [here])
    holds(adapter, [here])
    (path,) = tmp_path.iterdir()
    found = [each for each in yaml.safe_load_all(path.read_text()) if each]
    assert [(each["kind"], each["metadata"]["title"]) for each in found] == [
        ("Component", title),
        ("API", f"{title} (api)"),
    ]
    assert not any(problems(each) for each in found)
    assert yaml.safe_load(found[1]["spec"]["definition"])["info"]["title"] == title
