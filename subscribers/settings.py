"""The subscriber's configuration file: which systems it serves, where the registry is, and its targets."""

import inspect
import socket
from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from registry.reach import PUBLIC, Credentials, Reach
from subscribers.adapter import Adapter
from subscribers.judge import PolicyJudge

PATHS = ("directory", "policy", "secrets", "certificate", "key", "clients")  # options of adapters that are paths
FILES = ("ca", "certificate", "key", "token_file")  # what the runner proves itself with
GROUP = "gemensam.adapters"
System = Annotated[str, StringConstraints(pattern=r"^organisations/[a-z0-9-]{1,63}/systems/[a-z0-9-]{1,63}$")]


class Kafka(BaseModel):
    """How the topics are followed. `group`: runners of one body that stand in for each other have the same one.

    `session_seconds`: how long one may be silent before another takes over; brokers take 6 to 1800 by default.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    bootstrap: str
    group: str = Field(min_length=1, max_length=200)
    instance: str = Field(default_factory=socket.gethostname, min_length=1, max_length=200)
    session_seconds: float = Field(default=30.0, ge=1.0, le=1800.0)
    security: Literal["PLAINTEXT", "SSL", "SASL_SSL"] = "PLAINTEXT"
    allow_plaintext: bool = False
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    user: str = ""
    password_file: Path | None = None
    enable_auto_commit: bool = False

    @field_validator("enable_auto_commit")
    @classmethod
    def _never(cls, value: bool) -> bool:
        """A position that is committed before its effect loses events at the next kill."""
        if value:
            raise ValueError("must be false: a place is committed after its effect, never by the clock")
        return value


class Settings(BaseModel):
    """What `gemensam-subscriber` reads from its YAML file. Relative paths are relative to that file.

    `ca`, `certificate`, `key`, `token_file`: as in `registry.reach`, else GEMENSAM_CA and so on in the environment.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    registry: Annotated[str, StringConstraints(pattern=r"^(dns:///)?[^\s/]+:\d{1,5}$")] = "127.0.0.1:7400"  # host:port
    ca: Path | None = None  # authorities of the registry's certificate, or `public`
    certificate: Path | None = None
    key: Path | None = None
    token_file: Path | None = None
    systems: tuple[System, ...] = Field(min_length=1)
    policy: Path = Path("policy.yaml")
    state: Path = Path("state.db")
    probe_seconds: float = Field(default=60.0, ge=0.1, allow_inf_nan=False)
    metrics_address: Annotated[str, StringConstraints(pattern=r"^(([^\s/]*:)?\d{1,5})?$")] = ""  # a port: on loopback
    source: Literal["grpc", "kafka"] = "grpc"
    kafka: Kafka | None = None
    adapters: tuple[dict[str, Any], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits(self) -> "Settings":
        if self.source == "kafka" and self.kafka is None:
            raise ValueError("kafka is required beside `source: kafka`: at least bootstrap and group")
        return self

    def reach(self) -> Reach:
        """How the registry is reached: as the file says, and where it does not, the environment. Errors: Unready."""
        files = {name: value for name in FILES if (value := getattr(self, name)) is not None}
        return Credentials(**files).reach(self.registry)


def load(path: Path) -> Settings:
    """The settings in a file. Errors: ValueError that names the file and what would be right."""
    try:
        settings = Settings.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise ValueError(f"{path} is missing; `gemensam-subscriber init` writes an example.") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise ValueError(f"{path}: {error}") from None
    folder = path.resolve().parent
    rules = {"policy": str(settings.policy)}
    adapters = tuple(_placed(folder, {**rules, **each}) for each in settings.adapters)
    places = {"policy": folder / settings.policy, "state": folder / settings.state, "adapters": adapters}
    places |= {name: folder / file for name in FILES if (file := getattr(settings, name)) not in {None, PUBLIC}}
    return settings.model_copy(update=places)


def _placed(folder: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: str(folder / str(value)) if name in PATHS else value for name, value in options.items()}


def make_adapter(options: Mapping[str, Any]) -> Adapter:
    """The adapter of the entry point `kind`, made with the other options. Errors: ValueError that says what to do.

    The option `policy` is for the judge of an adapter that asks for one, and of no meaning to the others.
    """
    rest = dict(options)
    kind, rules = rest.pop("kind", ""), rest.pop("policy", "")
    found = {point.name: point for point in entry_points(group=GROUP)}
    if kind not in found:
        raise ValueError(f"adapters: kind {kind!r} is none of {', '.join(sorted(found))}.")
    try:
        made = found[kind].load()
        if "judge" in inspect.signature(made).parameters:
            rest["judge"] = PolicyJudge.of(Path(rules))
        adapter: Adapter = made(**rest)
    except (TypeError, ImportError, AttributeError, OSError, ValueError) as error:
        raise ValueError(f"adapters: {kind}: {error}") from None
    return adapter
