"""Who takes part: three receiving bodies with a gateway each, one of them through its host."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from registry.demo.processes import DemoFailed, Processes, answers, free_port, program, write_json

_HERE = Path(__file__).parent
RECEIVERS = _HERE / "receivers.yaml"
# Beside this file in a package, at the top in a checkout.
_EXAMPLES = next(each for each in (_HERE / "examples", _HERE.parents[1] / "examples") if each.exists())
OFFERINGS, NEXT = _EXAMPLES / "definitions", _EXAMPLES / "definitions-next"
RENEWED = "offerings/meeting-booking"


@dataclass(frozen=True, slots=True)
class Receiver:
    """A body that receives, and the system that its subscriptions configure."""

    organisation: str
    system: str
    title: str
    port: int = field(default_factory=free_port)
    admin_port: int = field(default_factory=free_port)

    @property
    def key(self) -> str:
        """Last segment of its name."""
        return self.organisation.rsplit("/", 1)[1]

    @property
    def url(self) -> str:
        """Its gateway."""
        return f"http://127.0.0.1:{self.port}"


def receivers() -> Sequence[Receiver]:
    """The three bodies, with ports of their own."""
    return (
        Receiver("organisations/ockelbo", "organisations/ockelbo/systems/gateway", "Ockelbo"),
        Receiver(
            "organisations/region-gavleborg", "organisations/region-gavleborg/systems/gateway", "Region Gävleborg"
        ),
        Receiver(
            "organisations/alkoholsortimentsnamnden",
            "organisations/kammarkollegiet/systems/gateway",
            "Alkoholsortimentsnämnden (värd: Kammarkollegiet)",
        ),
    )


async def open_gateway(
    receiver: Receiver, folder: Path, registry: str, ports: Sequence[int], processes: Processes, *, kafka: str = ""
) -> None:
    """Start the body's Envoy and its subscriber, which follows by Kafka where there is a broker."""
    home = folder / receiver.key
    listen, admin = f"127.0.0.1:{receiver.port}", f"127.0.0.1:{receiver.admin_port}"
    subscriber = program("gemensam-subscriber")
    home.mkdir(parents=True, exist_ok=True)
    bootstrap = home / "bootstrap.json"
    command = ["bootstrap", str(home / "envoy"), "--listen", listen, "--admin", admin, "--out", str(bootstrap)]
    if code := await processes.run([subscriber, *command]):
        raise DemoFailed(f"`gemensam-subscriber bootstrap` ended with {code}")
    envoy = [program("envoy"), "-c", str(bootstrap), "--use-dynamic-base-id", "--concurrency", "1", "-l", "warning"]
    await processes.start(f"envoy-{receiver.key}", envoy)
    await answers(f"http://{admin}/ready", processes)
    adapters = [
        {"kind": "envoy", "directory": "envoy", "gateway": receiver.url, "admin": admin},
        {"kind": "files", "directory": "services"},
    ]
    settings: dict[str, object] = {"registry": registry, "systems": [receiver.system], "adapters": adapters}
    if kafka:
        group = f"se.{receiver.key}.gateway-{receiver.port}"  # the port tells runs on one broker apart
        settings |= {"source": "kafka", "kafka": {"bootstrap": kafka, "group": group, "instance": "one"}}
    policy = {
        "organisations": ["organisations/*"],
        "hosts": ["127.0.0.1"],
        "ports": list(ports),
        "plain_text": True,  # the demo's stand-ins are on this machine
        "private_ranges": ["127.0.0.1/32"],
    }
    config = str(write_json(home / "subscriber.yaml", settings))
    write_json(home / "policy.yaml", policy)
    await processes.start(f"subscriber-{receiver.key}", [subscriber, "run", "--config", config, "--json-logs"])
