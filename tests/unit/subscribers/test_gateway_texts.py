"""What is written into gateways that read text: no word gets in that could be more than a word, and marks are read back."""

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from subscribers.adapter import AdapterError, Service, Upstream
from subscribers.adapters import blocks, caddy_config, haproxy_config, names, nginx_config
from subscribers.bootstraps import KINDS
from subscribers.cli import app
from subscribers.conformance import HOSTILE, service

HERE = service(0, Upstream("http", "service.example.se", 8080, "/v1", ("192.0.2.1",)))
MORE = (
    *HOSTILE,
    "a b",
    "a;b",
    "a{b}",
    "a'b",
    'a"b',
    "a#b",
    "a\\b",
    "a\nb",
    "a`b",
    "$host",
    "%[src]",
    "{env.HOME}",
    "Ä",
)


def with_upstream(**changes: object) -> Service:
    route = HERE.routes[0]
    return replace(HERE, routes=(replace(route, upstream=replace(route.upstream, **changes)),))


def with_route(**changes: str) -> Service:
    return replace(HERE, routes=(replace(HERE.routes[0], **changes),))


@pytest.mark.parametrize("text", MORE)
def test_a_word_of_another_form_is_refused_wherever_it_stands(text: str) -> None:
    services = [
        replace(HERE, key=f"organisations/b/subscriptions/{text}"),
        replace(HERE, release=f"offerings/x/releases/{text}"),
        with_route(interface=text),
        with_route(path=f"/b/{text}/api"),
        with_route(authority=f"{text}.gemensam.internal"),
        with_upstream(host=text),
        with_upstream(scheme=text),
        with_upstream(addresses=(text,)),
    ]
    for each in services:
        with pytest.raises(AdapterError) as caught:
            names.checked(each)
        assert (caught.value.reason, caught.value.keys) == ("NAME_REFUSED", {each.key})


@pytest.mark.parametrize(
    "text", ["/a b", '/a"', "/a\\", "/a\n", "/a{", "/a}", "/a#", "/a%", "/a%2", "/a//b", "/a/", "a"]
)
def test_a_path_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(AdapterError, match="form of a path"):
        names.checked(with_upstream(path=text))


def test_a_title_is_in_no_configuration() -> None:
    hostile = replace(HERE, title='"; } evil {')
    store, releases = "/ca.pem", Path("releases.map")
    assert nginx_config.blocks(hostile, store) == nginx_config.blocks(HERE, store)
    assert haproxy_config.blocks(hostile, store, releases) == haproxy_config.blocks(HERE, store, releases)
    assert caddy_config.routes(hostile, store) == caddy_config.routes(HERE, store)


def test_a_label_tells_its_subscription() -> None:
    assert names.key_of(names.label(HERE, HERE.routes[0])) == HERE.key
    assert [names.key_of(each) for each in ("gemensam", "gemensam.a.b", "gemensam.a.b.c.d", "x", 7, None)] == [""] * 6


def test_marked_blocks_are_read_back_beside_what_is_somebody_else_s() -> None:
    ours, others = {"b": "two\n", "a": "one\nmore\n"}, "theirs\n"
    text = blocks.joined(ours, others)
    assert blocks.split(text) == (ours, others)
    assert blocks.split(f"{text}after") == (ours, f"{others}after\n")
    assert blocks.joined({"a": ""}, others) == others


def test_a_block_without_an_end_goes_on_to_the_next_of_ours() -> None:
    text = blocks.joined({"a": "one\n", "b": "two\n"}, "")
    damaged = text.replace("# se.gemensam end\n", "theirs\n", 1)
    assert blocks.split(damaged) == ({"a": "one\ntheirs\n", "b": "two\n"}, "")


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_a_bootstrap_for_every_gateway(tmp_path: Path, kind: str) -> None:
    out = tmp_path / "out"
    words = ["bootstrap", str(tmp_path / "gateway"), "--kind", kind, "--listen", "[::1]:8080", "--out", str(out)]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert "8080" in out.read_text()


def test_a_gateway_that_there_is_no_adapter_for_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["bootstrap", str(tmp_path), "--kind", "apache"])
    assert done.exit_code == 1
