"""Makes the source that the configuration asks for."""

import importlib.util

from registry.kafka import connection
from subscribers.client import Client
from subscribers.events import Position, Source
from subscribers.settings import Settings
from subscribers.sources.grpc import GrpcSource
from subscribers.state import State


def source(settings: Settings, client: Client, state: State) -> Source:
    """The source. Errors: ValueError for what is not installed or not secured."""
    by_grpc = GrpcSource(client)
    if settings.source == "grpc" or settings.kafka is None:
        return by_grpc
    if importlib.util.find_spec("aiokafka") is None:
        raise ValueError("source: kafka needs the extra `kafka`: pip install 'gemensam[kafka]'.")
    from subscribers.sources.kafka import KafkaSource  # noqa: PLC0415 - only where its extra is installed

    kafka = settings.kafka
    return KafkaSource(
        connection(
            kafka.bootstrap,
            kafka.security,
            allow_plaintext=kafka.allow_plaintext,
            ca=kafka.ca,
            certificate=kafka.certificate,
            key=kafka.key,
            user=kafka.user,
            password=kafka.password_file.read_text(encoding="utf-8").strip() if kafka.password_file else "",
        ),
        kafka.group,
        kafka.instance,
        snapshot=lambda: by_grpc.follow(Position()),
        generation=client.generation,
        consumed=state.consumed,
        unread=state.unread,
        session_seconds=kafka.session_seconds,
    )
