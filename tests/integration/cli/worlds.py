"""Resources of every kind that the rules take, with texts that writers of YAML get wrong."""

import hashlib
import string
from typing import Any

from hypothesis import strategies as st

from registry.api.v1.release_pb2 import SpecContent
from registry.api.v1.resource_pb2 import Resource
from registry.domain import limits
from registry.domain.organisation_number import contains_personal_number

ODD = (
    "no", "Yes", "on", "null", "~", "true", "1.10", "01", "0o7", "0x1F", "1_000", "1e3", ".inf", "-.INF", "NaN", "=", "<<",
    "12:30:45", "2026-01-01", "2026-12-31T23:59:59Z", "- a", "a: b", "a #b", "#x", "?", ": ", "&a", "*a", "!t", "%d", "@x", "`x`",
    "'", '"', "\\", "{}", "[]", "{{x}}", "|", ">", "---", "...", "a\n\n b\n", "\n", " x ", "\tx", "x\n---\ny", "x\n...\n", " \n x",
    "\u2028", "\x85", "\ufeff", "𝄞 å", "e\u0301", "\u202eabc", "a" * 5000, "å" * 3000, ("rad " * 40 + "\n") * 30,
)  # fmt: skip
_CHARACTERS = st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t")


def texts(most: int = 300, least: int = 0) -> st.SearchStrategy[str]:
    """Texts of at most so many characters."""
    odd = st.sampled_from([each for each in ODD if len(each) <= most])
    either = st.one_of(odd, st.text(_CHARACTERS, min_size=least, max_size=min(most, 60)))
    return either.filter(lambda text: not contains_personal_number(text))


REQUIRED = texts(6000, 1).filter(lambda text: text.strip() != "")
TITLES = st.fixed_dictionaries({"sv": REQUIRED}, optional={"en": texts()})
FREE = st.fixed_dictionaries({"sv": texts(6000), "en": texts()})
KEYS = st.text(string.ascii_lowercase + "._/-", max_size=61).map(lambda text: f"k{text}z")
LABELS = st.one_of(
    st.dictionaries(KEYS, texts(63), max_size=4),
    st.just({f"k{number:062}": "é" * limits.LABEL_CHARACTERS for number in range(limits.LABELS)}),
)
ANNOTATIONS = st.one_of(
    st.dictionaries(texts(255, 1), texts(1000), max_size=4),
    st.just({f"{number:04}".ljust(255, "k"): "v" * 4096 for number in range(3)}),
    st.just({f"{number:04}": "v" for number in range(limits.ANNOTATIONS)}),
)
DAYS = st.sampled_from(["", "2024-02-29", "1999-12-31", "2099-01-01"])
TIMES = st.datetimes().map(lambda time: f"{time.isoformat(timespec='microseconds')}Z")


@st.composite
def worlds(draw: Any, key: str) -> tuple[list[Resource], list[SpecContent]]:
    """A body with its host, a system, a capability, an offering with two releases, an agreement, an interest."""
    body, offering = f"organisations/{key}", f"offerings/{key}"
    content = draw(st.binary(max_size=200))
    release = f"{offering}/releases/1.0.0"
    made: list[dict[str, Any]] = [
        {"organisation": {"name": f"{body}-host", "kind": 2, "title": draw(TITLES)}},
        {"organisation": {
            "name": body, "kind": draw(st.integers(1, 10)), "title": draw(TITLES), "host": f"{body}-host",
            "county_code": "01", "municipality_code": "0180", "valid_from": draw(DAYS.filter(lambda day: day < "2000")),
            "size": {"inhabitants": draw(st.integers(0, 2**63 - 1)), "employees": draw(st.floats(0, 1e300)), "source": draw(REQUIRED), "as_of": "2025"},
        }},
        {"system": {"name": f"{body}/systems/s", "title": draw(TITLES), "environment": draw(st.integers(1, 3))}},
        {"capability": {"name": f"capabilities/{key}", "title": draw(TITLES), "same_as": ["https://a.example/x#y"]}},
        {"offering": {
            "name": offering, "provider": body, "title": draw(TITLES), "description": draw(FREE), "legal_basis": draw(texts(6000)),
            "capabilities": [f"capabilities/{key}"], "information_class": draw(st.integers(0, 4)), "contact": "a.b@c.example",
            "visibility": draw(st.integers(0, 3)), "service_level": draw(FREE),
            "terms": {"approval": draw(st.integers(0, 2)), "notice_days": draw(st.integers(0, 3650)), "version": draw(texts(63)), "cost_model": draw(texts(6000)), "eligibility": draw(st.sampled_from(["", 'kind = MUNICIPALITY AND county_code = "22"']))},
            "campaigns": [{"id": "no", "title": draw(TITLES), "release": release, "deadline": draw(TIMES), "excuses": [{"organisation": body, "reason": draw(REQUIRED.filter(lambda text: len(text) <= 200))}]}],
        }},
        {"release": {
            "name": release, "version": "1.0.0", "state": draw(st.integers(0, 3)), "notes": draw(FREE),
            "interfaces": [{"id": "on", "kind": draw(st.integers(1, 5)), "endpoints": [{"environment": 3, "url": "https://a.example/~x?y=1&z=%C3%A5"}]}, {"id": "1e3", "kind": 1}],
        }},
        {"release": {"name": f"{offering}/releases/2.0.0-rc.1", "version": "2.0.0-rc.1", "state": 1}},
        {"agreement": {"name": f"agreements/{key}", "offering": offering, "party": body, "valid_to": draw(st.sampled_from(["", "2099-01-01"])), "evidence": draw(texts(1000))}},
        {"interest": {"name": f"{body}/interests/i", "filter": f'provider = "{body}"', "mode": 1}},
    ]  # fmt: skip
    for each in made:
        (message,) = each.values()
        deadlines = [campaign.pop("deadline") for campaign in message.get("campaigns", ())]
        message |= {"labels": draw(LABELS), "annotations": draw(ANNOTATIONS)}
        each["deadlines"] = deadlines
    return [_resource(each, content) for each in made], [SpecContent(media_type="a/b+c", content=content)]


def _resource(fields: dict[str, Any], content: bytes) -> Resource:
    deadlines = fields.pop("deadlines")
    resource = Resource(**fields)
    for campaign, deadline in zip(resource.offering.campaigns, deadlines, strict=True) if deadlines else ():
        campaign.deadline.FromJsonString(deadline)
    if resource.WhichOneof("resource") == "release" and resource.release.interfaces:
        spec = resource.release.interfaces[0].spec
        spec.sha256, spec.media_type, spec.size = hashlib.sha256(content).hexdigest(), "a/b+c", len(content)
    return resource
