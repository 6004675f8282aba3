"""What a registry counts and times, by the conventions of OpenTelemetry and Prometheus: few labels, few values each."""

from prometheus_client import CollectorRegistry, Gauge, Histogram, ProcessCollector, disable_created_metrics

from registry.telemetry.spans import is_recorded, trace_id

disable_created_metrics()  # type: ignore[no-untyped-call]  # the time of a series' making is a series more
FAMILIES = CollectorRegistry(auto_describe=True)
_CALL = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_COMMIT = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
_GROUP = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
_ONBOARD = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0)

RPC_DURATION = Histogram(
    "rpc_server_call_duration_seconds",
    "How long unary calls took, by method and status code.",
    ("rpc_method", "rpc_response_status_code"),
    buckets=_CALL,
    registry=FAMILIES,
)
GROUP_SIZE = Histogram(
    "gemensam_commit_group_commands",
    "How many commands each group commit carried.",
    buckets=_GROUP,
    registry=FAMILIES,
)
COMMIT_DURATION = Histogram(
    "gemensam_commit_duration_seconds",
    "How long group commits took, from the lock of the head to durable.",
    buckets=_COMMIT,
    registry=FAMILIES,
)
TIME_TO_ONBOARD = Histogram(
    "gemensam_time_to_onboard_seconds",
    "From a release's publication, or the subscription when that is later, to the first proof in the gateway.",
    buckets=_ONBOARD,
    registry=FAMILIES,
)
WATCHERS = Gauge("gemensam_watchers", "Streams of Watch that are open.", registry=FAMILIES)
ProcessCollector(registry=FAMILIES)


def exemplar(traceparent: str) -> dict[str, str] | None:
    """What leads from a measured value to its trace; None when nobody records that."""
    return {"trace_id": trace_id(traceparent)} if is_recorded(traceparent) else None
