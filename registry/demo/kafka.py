"""A real Apache Kafka on a developer's machine: jars by Maven, settings, and the commands that Java is given."""

import base64
import fcntl
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

from registry.demo.processes import DemoFailed, free_port

VERSION = "4.1.0"
JAVA = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
# The tools are one jar beside the broker's own; most of what they depend on is for Kafka Connect.
_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>gemensam.test</groupId><artifactId>kafka</artifactId><version>1</version><dependencies><dependency>
<groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version>
</dependency><dependency>
<groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>{VERSION}</version>
<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>
</dependency></dependencies></project>"""


def jars() -> Path:
    """The folder of Kafka's jars, fetched once into the environment. Errors: DemoFailed that says what to install."""
    folder = _folder()
    if not fetched():
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # several may want them at once, and one fetches
            if not fetched():
                _fetch(folder)
    return folder / "libs"


def _folder() -> Path:
    return Path(sys.prefix) / "components" / f"kafka-{VERSION}"


def fetched() -> bool:
    """Whether the jars are there, all that this version of the program needs."""
    mark = _folder() / ".complete"
    return mark.exists() and mark.read_text() == _POM


def _fetch(folder: Path) -> None:
    tools = {"java": "a JDK of 17 or newer", "mvn": "Maven"}
    missing = [f"{what} (`{name}`)" for name, what in tools.items() if shutil.which(name) is None]
    if missing:
        raise DemoFailed(f"Kafka needs {' and '.join(missing)}, and finds none on the PATH: install that first.")
    (folder / "pom.xml").write_text(_POM)
    wanted = [f"-DoutputDirectory={folder / 'libs'}", "-DincludeScope=runtime"]
    fetch = [_path("mvn"), "-q", "-B", "dependency:copy-dependencies", *wanted]
    done = subprocess.run(fetch, cwd=folder, capture_output=True, text=True, check=False, timeout=600)  # noqa: S603 - our own words
    if done.returncode:
        raise DemoFailed(f"Maven could not fetch Kafka {VERSION}: {done.stdout[-500:]}{done.stderr[-500:]}")
    _archive(folder)
    (folder / ".complete").write_text(_POM)


def command(main: str, *words: str) -> list[str]:
    """What runs a class of Kafka's, with what Java loaded before. Errors: DemoFailed, as `jars`."""
    return _java(jars().parent, main, *words)


def _java(folder: Path, main: str, *words: str, java: str = "-Xshare:auto") -> list[str]:
    archive = folder / "classes.jsa"
    known = [f"-XX:SharedArchiveFile={archive}"] if archive.exists() else []
    return [_path("java"), *JAVA, java, *known, "-cp", f"{folder}/libs/*", main, *words]


def format_command(config: Path, cluster: str) -> list[str]:
    """What makes a broker's storage."""
    return command(*_format(config, cluster))


def _format(config: Path, cluster: str) -> tuple[str, ...]:
    return ("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(config))


def start_command(config: Path) -> list[str]:
    """What starts a broker."""
    return command("kafka.Kafka", str(config))


def settings(
    data: Path, ports: Mapping[int, int], controllers: Mapping[int, int], node: int = 0, protocol: str = "PLAINTEXT"
) -> str:
    """Settings of one broker of a cluster on loopback, each a controller too. `ports` and `controllers` by node."""
    copies = min(len(ports), 3)
    lines = {
        "process.roles": "broker,controller",
        "node.id": node,
        "controller.quorum.voters": ",".join(f"{each}@127.0.0.1:{port}" for each, port in controllers.items()),
        "listeners": f"CLIENTS://127.0.0.1:{ports[node]},CONTROLLER://127.0.0.1:{controllers[node]}",
        "advertised.listeners": f"CLIENTS://127.0.0.1:{ports[node]}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "CLIENTS",
        "listener.security.protocol.map": f"CLIENTS:{protocol},CONTROLLER:PLAINTEXT",
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": 1,
        "offsets.topic.num.partitions": 5,
        "group.initial.rebalance.delay.ms": 0,
        "auto.create.topics.enable": "false",
        "log.dirs": data,
    }
    return "".join(f"{key}={value}\n" for key, value in lines.items())


def identity() -> str:
    """A new id as Kafka writes them; none that begins like an option."""
    made = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return identity() if made.startswith("-") else made


def listens(port: int) -> bool:
    """Whether something accepts connections at a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _archive(folder: Path) -> None:
    """Keep the loaded classes of one run: every later start takes half of its time."""
    (folder / "classes.jsa").unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        config, classes, port = Path(place) / "server.properties", Path(place) / "classes.jsa", free_port()
        config.write_text(settings(Path(place) / "data", {0: port}, {0: free_port()}))
        subprocess.run(_java(folder, *_format(config, identity())), capture_output=True, check=False)  # noqa: S603 - the same
        start = _java(folder, "kafka.Kafka", str(config), java=f"-XX:ArchiveClassesAtExit={classes}")
        with subprocess.Popen(start, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as broker:  # noqa: S603 - the same
            while broker.poll() is None and not listens(port):
                time.sleep(0.05)
            broker.terminate()
        if classes.exists():
            classes.rename(folder / classes.name)


def _path(program: str) -> str:
    return shutil.which(program) or program
