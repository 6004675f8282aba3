"""A folder of definition files."""

from pathlib import Path

BODY = """apiVersion: gemensam/v1
kind: Organisation
metadata: {name: organisations/a}
spec:
  kind: municipality
  title: {sv: A}
  county_code: 01
---
apiVersion: gemensam/v1
kind: System
metadata: {name: organisations/a/systems/gw}
spec: {title: {sv: Gateway}, environment: production}
"""
CAPABILITY = """apiVersion: gemensam/v1
kind: Capability
metadata: {name: capabilities/building}
spec: {title: {sv: Bygga}}
"""
OFFERING = """apiVersion: gemensam/v1
kind: Offering
metadata: {name: offerings/permits, labels: {area: building}}
spec:
  provider: organisations/a
  title: {sv: Bygglov, en: Building permits}
  description: {sv: "Rad 1\\nRad 2\\n"}
  capabilities: [capabilities/building]
  terms: {approval: automatic, notice_days: 90}
"""
RELEASE = """apiVersion: gemensam/v1
kind: Release
metadata: {name: offerings/permits/releases/1.0.0}
spec:
  version: 1.0.0
  interfaces:
  - id: api
    kind: rest
    endpoints: [{environment: production, url: "https://permits.example/api"}]
    spec: {file: specs/api.json, media_type: application/json}
"""
INTEREST = """apiVersion: gemensam/v1
kind: Interest
metadata: {name: organisations/a/interests/building}
spec:
  filter: capabilities:"capabilities/building"
  mode: notify
"""
COUNT = 6


def folder(root: Path) -> Path:
    """Six resources in files whose order is not that of their references."""
    (root / "specs").mkdir(parents=True)
    (root / "specs" / "api.json").write_text(
        '{"openapi": "3.1.0", "info": {"title": "A", "version": "1"}, "paths": {}}'
    )
    (root / "a-release.yaml").write_text(RELEASE)
    (root / "b-offering.yml").write_text(OFFERING)
    (root / "c-rest.yaml").write_text(f"{INTEREST}---\n{CAPABILITY}---\n{BODY}")
    return root


def organisations(count: int) -> str:
    """Many organisations, each hosted by the one after it."""
    one = "apiVersion: gemensam/v1\nkind: Organisation\nmetadata: {{name: organisations/n{0}}}\nspec: {{kind: state_agency, title: {{sv: N}}{1}}}\n"
    hosts = [f", host: organisations/n{number + 1}" if number % 3 else "" for number in range(count)]
    hosts[-1] = ""
    return "---\n".join(one.format(number, host) for number, host in enumerate(hosts))


def offerings(count: int) -> list[str]:
    """Many offerings of the body."""
    return [OFFERING.replace("offerings/permits", f"offerings/many-{number}") for number in range(count)]
