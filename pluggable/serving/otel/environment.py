"""Providers as OpenTelemetry's variables describe them; the SDK reads most of these itself."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import entry_points
from typing import Any, Final

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from ..telemetry import TelemetryError
from .observer import OpenTelemetry

#: Exporters by OTLP are installed one a protocol; what the extra ``otel`` brings is the conventions' default.
_PROTOCOLS: Final = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}
_DEFAULT_PROTOCOL: Final = "http/protobuf"


def made(
    asked: Mapping[str, Sequence[str]], environ: Mapping[str, str], service: str
) -> tuple[OpenTelemetry, Callable[[], None]]:
    """
    Make providers with these exporters, and return who observes by them and what shuts them down.

    They become the global ones, so that what a component and its libraries tell goes there too. If there are
    global ones already, as under ``opentelemetry-instrument``, those are used and left alone.

    Raises:
        TelemetryError: an exporter is not installed, or cannot be made.
    """
    if _is_set_up():
        return OpenTelemetry(), lambda: None
    resource = _resource(service)
    spans = [_exporter("traces", name, environ) for name in asked.get("traces", ())]
    readers = [_reader(_exporter("metrics", name, environ)) for name in asked.get("metrics", ())]
    shutdowns: list[Callable[[], object]] = []
    if spans:
        tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
        for exporter in spans:
            tracers.add_span_processor(BatchSpanProcessor(exporter))
        trace.set_tracer_provider(tracers)
        shutdowns.append(tracers.shutdown)
    if readers:
        meters = MeterProvider(readers, resource, shutdown_on_exit=False)
        metrics.set_meter_provider(meters)
        shutdowns.append(meters.shutdown)

    def shutdown() -> None:
        for each in shutdowns:
            each()

    return OpenTelemetry(), shutdown


def _is_set_up() -> bool:
    return isinstance(trace.get_tracer_provider(), TracerProvider) or isinstance(
        metrics.get_meter_provider(), MeterProvider
    )


def _resource(service: str) -> Resource:
    """Return what the process is called; the environment counts first, and processes are told apart."""
    ours = Resource({"service.name": service, "service.instance.id": str(uuid.uuid4())})
    return Resource.create().merge(ours).merge(OTELResourceDetector().detect())


def _exporter(kind: str, name: str, environ: Mapping[str, str]) -> Any:
    if name == "otlp":
        name = _otlp(kind, environ)
    group = f"opentelemetry_{kind}_exporter"
    found = entry_points(group=group, name=name)
    if not found:
        ours = name in _PROTOCOLS.values()
        package = f"opentelemetry-exporter-{name.replace('_', '-')}" if ours else "the package that has it"
        raise TelemetryError(
            f"no exporter {name} for {kind} is installed; install {package}, "
            f"or name another one in OTEL_{kind.upper()}_EXPORTER"
        )
    try:
        return next(iter(found)).load()()
    except Exception as error:  # an exporter may be anybody's
        raise TelemetryError(f"the exporter {name} for {kind} cannot be made: {error}") from error


def _otlp(kind: str, environ: Mapping[str, str]) -> str:
    """Return which exporter speaks the protocol that is asked for."""
    variables = (f"OTEL_EXPORTER_OTLP_{kind.upper()}_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
    protocol = next(filter(None, (environ.get(each, "").strip() for each in variables)), _DEFAULT_PROTOCOL)
    if protocol not in _PROTOCOLS:
        raise TelemetryError(
            f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol}; wanted is {' or '.join(_PROTOCOLS)}"
        )
    return _PROTOCOLS[protocol]


def _reader(exporter: Any) -> MetricReader:
    """Return what reads the metrics: some exporters do it themselves, as Prometheus' does."""
    return exporter if isinstance(exporter, MetricReader) else PeriodicExportingMetricReader(exporter)
