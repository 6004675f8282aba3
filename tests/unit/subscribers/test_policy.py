"""The policy is the boundary: what it must refuse whatever a provider, the registry or a name server says."""

import socket
from pathlib import Path
from typing import Any

import pytest

from subscribers.adapter import Upstream
from subscribers.policy import Policy, Refused, Unresolved, load

PROVIDER = "organisations/a"
PUBLIC, ANOTHER = "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"


def policy(**fields: Any) -> Policy:
    return Policy.model_validate({"organisations": ["organisations/*"], "hosts": ["*"], **fields})


def judged(url: str, *addresses: str, provider: str = PROVIDER, **fields: Any) -> Upstream:
    return policy(**fields).judge(provider, url, lambda _host: addresses or (PUBLIC,))


def refusal(url: str, *addresses: str, provider: str = PROVIDER, **fields: Any) -> str:
    with pytest.raises(Refused) as caught:
        judged(url, *addresses, provider=provider, **fields)
    assert caught.value.message
    return caught.value.reason


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1",  # loopback, in every dress
        "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fd00::1", "fc00::1", "fec0::1",  # private
        "169.254.169.254", "169.254.0.1", "fe80::1", "fd00:ec2::254",  # link-local and the clouds' metadata
        "100.64.0.1", "100.127.255.255", "0.0.0.0", "0.1.2.3", "::", "255.255.255.255", "240.0.0.1",  # shared, this, all, reserved
        "224.0.0.1", "239.255.255.250", "ff02::1", "ff0e::1",  # multicast
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::1", "2001:0:53aa:64c::1", "192.88.99.1",  # carried inside others
        "192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "198.18.0.1", "192.0.0.8", "192.0.0.170", "100::1",  # documentation, benchmarks
    ],
)  # fmt: skip
def test_an_address_that_is_not_global_is_refused(address: str) -> None:
    assert refusal("https://service.example.se", address) == "ADDRESS_NOT_ALLOWED"
    literal = f"[{address}]" if ":" in address else address
    assert refusal(f"https://{literal}") == "ADDRESS_NOT_ALLOWED"


@pytest.mark.parametrize(
    "order", [(PUBLIC, "127.0.0.1"), ("10.0.0.1", PUBLIC), (PUBLIC, "::1"), (ANOTHER, "::ffff:10.0.0.1")]
)
def test_a_name_with_mixed_answers_is_refused_whole(order: tuple[str, str]) -> None:
    assert refusal("https://service.example.se", *order) == "ADDRESS_NOT_ALLOWED"


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0x7f.1",
        "127.0.0.01",
        "1.2.3.256",
        "1.2.3.4.5",
        "017700000001",
    ],
)
def test_an_address_in_an_unusual_form_is_no_host(host: str) -> None:
    assert socket.gethostbyname("2130706433") == "127.0.0.1"  # this is why
    assert refusal(f"https://{host}/") == "URL_REFUSED"


def test_global_addresses_are_taken_once_each_and_in_order() -> None:
    upstream = judged("https://Service.Example.se./api/", ANOTHER, PUBLIC, PUBLIC, f"::ffff:{PUBLIC}")
    assert upstream == Upstream("https", "service.example.se", 443, "/api", (ANOTHER, PUBLIC))


def test_a_host_without_addresses_is_unresolved_and_not_refused() -> None:
    with pytest.raises(Unresolved):
        policy().judge(PROVIDER, "https://service.example.se", lambda _host: ())


def test_private_ranges_let_in_what_they_hold_and_nothing_beside_it() -> None:
    ranges = {"private_ranges": ["10.20.0.0/16", "fd00:1::/32", "127.0.0.1/32"]}
    assert judged("https://a.example.se", "10.20.255.255", PUBLIC, **ranges).addresses == ("10.20.255.255", PUBLIC)
    assert judged("https://a.example.se", "fd00:1::5", **ranges).addresses == ("fd00:1::5",)
    assert judged("https://a.example.se", "::ffff:10.20.0.1", **ranges).addresses == ("10.20.0.1",)
    assert judged("https://127.0.0.1", **ranges).addresses == ("127.0.0.1",)
    for beside in ("10.21.0.0", "10.19.255.255", "127.0.0.2", "fd00:2::1", "::1", "64:ff9b::a14:1"):
        assert refusal("https://a.example.se", beside, **ranges) == "ADDRESS_NOT_ALLOWED"


def test_a_resolver_is_not_asked_about_what_is_refused_as_it_is() -> None:
    def never(host: str) -> tuple[str, ...]:
        raise AssertionError(f"{host} was looked up")

    rules = policy(hosts=["*.example.se"], ports=[443])
    for url in ("https://evil.example/", "https://a.example.se:8443", "http://a.example.se:443", "https://127.0.0.1"):
        with pytest.raises(Refused):
            rules.judge(PROVIDER, url, never)


@pytest.mark.parametrize(
    ("host", "patterns", "allowed"),
    [
        ("a.sundsvall.se", ["*.sundsvall.se"], True),
        ("a.b.sundsvall.se", ["*.sundsvall.se"], True),
        ("A.SUNDSVALL.SE", ["*.Sundsvall.se"], True),
        ("a.sundsvall.se.", ["*.sundsvall.se"], True),
        ("sundsvall.se", ["*.sundsvall.se"], False),
        ("asundsvall.se", ["*.sundsvall.se"], False),
        ("a.sundsvall.se.evil.example", ["*.sundsvall.se"], False),
        ("sundsvall.se", ["sundsvall.se"], True),
        ("sundsvall.see", ["sundsvall.se"], False),
        ("xsundsvall.se", ["sundsvall.se"], False),
        (PUBLIC, [PUBLIC], True),
        (PUBLIC, ["*.se"], False),
        (f"[{ANOTHER}]", [ANOTHER], True),
    ],
)
def test_hosts_are_whole_names_or_patterns(host: str, patterns: list[str], allowed: bool) -> None:
    if allowed:
        assert judged(f"https://{host}", hosts=patterns).addresses
    else:
        assert refusal(f"https://{host}", hosts=patterns) == "HOST_NOT_ALLOWED"


@pytest.mark.parametrize(
    ("provider", "patterns", "allowed"),
    [
        ("organisations/a", ["organisations/a"], True),
        ("organisations/ab", ["organisations/a"], False),
        ("organisations/a", ["organisations/ab"], False),
        ("organisations/sundsvall", ["organisations/s*"], True),
        ("organisations/a\n", ["organisations/a"], False),
        ("", ["organisations/*"], False),
        ("xorganisations/a", ["organisations/*"], False),
    ],
)
def test_providers_are_whole_names_or_patterns(provider: str, patterns: list[str], allowed: bool) -> None:
    if allowed:
        assert judged("https://a.example.se", provider=provider, organisations=patterns).addresses
    else:
        assert refusal("https://a.example.se", provider=provider, organisations=patterns) == "PROVIDER_NOT_ALLOWED"


@pytest.mark.parametrize(
    ("url", "ports", "allowed"),
    [
        ("https://a.example.se", [443], True),
        ("https://a.example.se:443", [443], True),
        ("https://a.example.se:0443", [443], True),
        ("https://a.example.se:444", [443], False),
        ("https://a.example.se:442", [443], False),
        ("grpcs://a.example.se", [443], True),
        ("http://a.example.se", [80], True),
        ("grpc://a.example.se", [80], True),
        ("http://a.example.se", [443], False),
        ("https://a.example.se:65535", [1, 65535], True),
        ("https://a.example.se:1", [1, 65535], True),
    ],
)
def test_ports_are_those_listed(url: str, ports: list[int], allowed: bool) -> None:
    if allowed:
        assert judged(url, ports=ports, plain_text=True).port in ports
    else:
        assert refusal(url, ports=ports, plain_text=True) == "PORT_NOT_ALLOWED"


@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_plain_text_is_refused_unless_the_policy_says_otherwise(scheme: str) -> None:
    assert refusal(f"{scheme}://a.example.se", ports=[80]) == "PLAIN_TEXT_NOT_ALLOWED"
    assert judged(f"{scheme}://a.example.se", ports=[80], plain_text=True).scheme == scheme
    assert judged(f"{scheme}s://a.example.se").secure


@pytest.mark.parametrize(
    "url",
    [
        "", "service", "//a.example.se", "https:///x", "https://", "https:a.example.se", "https:/a.example.se", "ftp://a.example.se", "file:///etc/passwd",
        "javascript:alert(1)", "unix:///run/x", "https://user@a.example.se", "https://user:word@a.example.se", "https://a.example.se@evil.example", "https://a.example.se?x=1",
        "https://a.example.se/#x", "https://a.example.se/x?y", " https://a.example.se", "https://a.example.se ", "https://a.example.se\n", "https://a.ex\tample.se",
        "https://a.example.se\\@evil.example", "https://a.example.se/\\x", "https://a.example.se:0", "https://a.example.se:65536", "https://a.example.se:99999",
        "https://a.example.se:-1", "https://a.example.se:4x3", "https://a.example.se:80:80", "https://[::1", "https://::1", "https://[::1]evil", "https://evil[::1]:443",
        "https://[fe80::1%25eth0]", "https://[127.0.0.1]", "https://[v1.x]", "https://a_b.example.se", "https://-a.example.se", "https://a-.example.se", "https://a..example.se",
        "https://.example.se", "https://.", "https://ärende.example.se", "https://\uff11\uff12\uff17.0.0.1", "https://a%2eexample.se", f"https://{'a' * 64}.se",
        f"https://{'.'.join(['a' * 60] * 5)}", "https://a.example.se/../x", "https://a.example.se/x/..", "https://a.example.se/./x", "https://a.example.se//x",
        "https://a.example.se/%2e%2e/x", "https://a.example.se/%2E./x", "https://a.example.se/x%2fy", "https://a.example.se/x%5cy", "https://a.example.se/x%00y", "https://a.example.se/x%0d%0ay",
        "https://a.example.se/%252e", "https://a.example.se/%", "https://a.example.se/%4", "https://a.example.se/{x}", "https://a.example.se/\u00e4", f"https://a.example.se/{'x' * 2048}",
        "https://a.example.se/%REQ(x)%", "https://*.example.se", "https://${x}.example.se",
    ],
)  # fmt: skip
def test_a_url_that_two_programs_could_read_differently_is_refused(url: str) -> None:
    assert refusal(url, plain_text=True, ports=[80, 443]) == "URL_REFUSED"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://a.example.se", ""),
        ("https://a.example.se/", ""),
        ("https://a.example.se/v1", "/v1"),
        ("https://a.example.se/v1/", "/v1"),
        ("https://a.example.se/a/b..c/.d/e.", "/a/b..c/.d/e."),
        ("https://a.example.se/%C3%A4rende%20a", "/%C3%A4rende%20a"),
        ("HTTPS://A.example.se/V1;x=(1)!$&'*+,:@~_-", "/V1;x=(1)!$&'*+,:@~_-"),
    ],
)
def test_paths_that_mean_one_thing_are_kept_as_they_are(url: str, path: str) -> None:
    assert judged(url).path == path


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", "Policy"),
        ("hosts: ['*']", "organisations"),
        ("organisations: []\nhosts: ['*']", "organisations"),
        ("organisations: [a]\nhosts: ['']", "hosts"),
        ("organisations: [a]\nhosts: [b]\nports: [0]", "ports"),
        ("organisations: [a]\nhosts: [b]\nports: [65536]", "ports"),
        ("organisations: [a]\nhosts: [b]\nprivate_ranges: [10.0.0.1/8]", "private_ranges"),
        ("organisations: [a]\nhosts: [b]\nport: [443]", "port"),
        ("organisations: [a", "line"),
        ("\x00", "policy.yaml"),
    ],
)
def test_a_policy_that_is_wrong_says_where(tmp_path: Path, text: str, names: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=names) as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_without_a_policy_nothing_starts(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="gemensam-subscriber init"):
        load(tmp_path / "policy.yaml")
    with pytest.raises(ValueError, match="directory"):
        load(tmp_path)
    (tmp_path / "latin").write_bytes(b"hosts: \xe4")
    with pytest.raises(ValueError, match="latin"):
        load(tmp_path / "latin")
