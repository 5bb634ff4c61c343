"""Telemetry of real processes, asked for by OpenTelemetry's variables, at a collector that speaks OTLP."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pluggable import Metadata, remote, transport
from pluggable.runtime.children.supervisor import Supervisor
from pluggable.runtime.components.registry import Registry
from pluggable.serving.telemetry import FLUSH_SECONDS, exporters_asked_for
from pluggable.state import GetRequest
from tests.serving.calling import Caller
from tests.serving.otel.collector import attributes, collecting
from tests.serving.processes import Running, running

SHELF = """
from opentelemetry import trace
from pluggable import StateStore

class Shelf(StateStore):
    async def get(self, request):
        with trace.get_tracer("shelf").start_as_current_span("look"):
            return None
    async def set(self, request): ...
    async def delete(self, request): ...
"""
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    (tmp_path / "shelf.py").write_text(SHELF)
    return tmp_path


@asynccontextmanager
async def serving(folder: Path, sockets: Path, environ: Mapping[str, str]) -> AsyncIterator[Running]:
    """Run ``pluggable serve`` for the shelf."""
    words = ["-m", "pluggable.cli.main", "serve", "state.shelf=shelf:Shelf", "--folder", str(sockets)]
    async with running(*words, path=folder, pass_fds=(), **environ) as server:
        await server.says("serving state.shelf on")
        yield server


async def get_once(sockets: Path) -> None:
    async with transport.channel(f"unix:{sockets}/shelf.sock") as channel:
        await Caller(channel).init()
        await Caller(channel).get("hunter2")


async def test_collector_sees_spans_and_metrics(shelf: Path, socket_folder: Path) -> None:
    async with (
        collecting() as collector,
        serving(shelf, socket_folder, {ENDPOINT: collector.endpoint}) as server,
    ):
        await get_once(socket_folder)
        server.process.send_signal(signal.SIGTERM)
        assert await server.ends() == 0

    call, look = collector.span("shelf", ".StateStore/Get"), collector.span("shelf", "look")
    assert call is not None
    assert look is not None
    assert look.parent_span_id == call.span_id
    assert attributes(call.attributes)["dapr.component.name"] == "orders"
    duration = collector.metric("shelf", "rpc.server.call.duration")
    assert duration is not None
    assert sum(point.count for point in duration.histogram.data_points) == 2
    assert b"hunter2" not in b"".join(span.SerializeToString() for _, span in collector.spans)


async def test_metrics_come_while_it_serves(shelf: Path, socket_folder: Path) -> None:
    async with collecting() as collector:
        environ = {
            ENDPOINT: collector.endpoint,
            "OTEL_METRIC_EXPORT_INTERVAL": "50",
            "OTEL_SERVICE_NAME": "orders",
        }
        async with serving(shelf, socket_folder, environ):
            await get_once(socket_folder)
            metric = await collector.has(lambda: collector.metric("orders", "pluggable.instances"))

    (point,) = metric.sum.data_points
    assert attributes(point.attributes) == {"dapr.component.type": "state.shelf"}


async def test_children_of_a_sidecar_tell_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async with collecting() as collector:
        monkeypatch.setenv(ENDPOINT, collector.endpoint)
        bundle = Registry().bundle("state.in-memory", "v1")
        assert bundle is not None
        async with Supervisor() as supervisor:
            child = supervisor.child(bundle)
            await child.answering(20)
            async with remote.Connection(child.address, instance="orders", client="test") as connection:
                store = remote.RemoteStateStore(connection)
                await store.init(Metadata(name="orders"))
                await store.get(GetRequest(key="k"))
        span = collector.span("in-memory", ".StateStore/Get")

    assert span is not None
    assert attributes(span.attributes)["dapr.component.type"] == "state.in-memory"


@pytest.mark.slow
async def test_silent_collector_holds_nobody_up(shelf: Path, socket_folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        async with serving(shelf, socket_folder, {ENDPOINT: endpoint}) as server:
            await get_once(socket_folder)
            server.process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(FLUSH_SECONDS + 6):
                await server.says(f"not all telemetry could be sent within {FLUSH_SECONDS:g} s")
                assert await server.ends() == 0


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"OTEL_TRACES_EXPORTER": "nosuch"}, "no exporter nosuch for traces is installed"),
        (
            {ENDPOINT: "http://127.0.0.1:9", "OTEL_EXPORTER_OTLP_PROTOCOL": "smoke"},
            "OTEL_EXPORTER_OTLP_PROTOCOL is smoke; wanted is http/protobuf or grpc",
        ),
    ],
)
async def test_component_serves_without_what_cannot_be_had(
    shelf: Path, socket_folder: Path, environ: Mapping[str, str], sentence: str
) -> None:
    async with serving(shelf, socket_folder, environ) as server:
        assert any("there will be no telemetry: " in line and sentence in line for line in server.said)
        await get_once(socket_folder)


async def test_missing_extra_is_named(shelf: Path, socket_folder: Path) -> None:
    (shelf / "shelf.py").write_text(SHELF.replace("from opentelemetry", "# from").replace("with", "if 1: #"))
    (shelf / "opentelemetry").mkdir()
    (shelf / "opentelemetry" / "__init__.py").touch()  # hides the one that is installed

    async with serving(shelf, socket_folder, {"OTEL_TRACES_EXPORTER": "console"}) as server:
        (line,) = [line for line in server.said if "telemetry" in line]
        assert "opentelemetry" in line
        assert "install it with: pip install 'pluggable-components[otel]'" in line
        await get_once(socket_folder)


PROVIDER = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
from pluggable import serve
from pluggable.serving.otel import OpenTelemetry
from shelf import Shelf

provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter()))
"""


@pytest.mark.parametrize(
    "program",
    [
        'serve({"shelf": Shelf}, telemetry=OpenTelemetry(tracer_provider=provider))',
        'trace.set_tracer_provider(provider); serve({"shelf": Shelf})',
    ],
)
async def test_provider_of_a_program_is_used(shelf: Path, socket_folder: Path, program: str) -> None:
    (shelf / "program.py").write_text(PROVIDER + program)
    environ = {"OTEL_TRACES_EXPORTER": "nosuch", "DAPR_COMPONENTS_SOCKETS_FOLDER": str(socket_folder)}
    async with running(str(shelf / "program.py"), path=shelf, pass_fds=(), **environ) as server:
        await server.says("serving state.shelf on")
        await get_once(socket_folder)
        server.process.send_signal(signal.SIGTERM)
        assert await server.ends() == 0
        assert server.process.stdout is not None
        written = (await server.process.stdout.read()).decode()

    assert '"name": "dapr.proto.components.v1.StateStore/Get"' in written
    assert not [line for line in server.said if "telemetry" in line]


@pytest.mark.parametrize(
    ("environ", "asked"),
    [
        ({}, {}),
        ({"OTEL_SERVICE_NAME": "shelf"}, {}),
        ({ENDPOINT: "http://c"}, {"traces": ["otlp"], "metrics": ["otlp"]}),
        ({ENDPOINT: "http://c", "OTEL_SDK_DISABLED": "TRUE"}, {}),
        ({ENDPOINT: "http://c", "OTEL_METRICS_EXPORTER": "none"}, {"traces": ["otlp"]}),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://c"}, {"metrics": ["otlp"]}),
        ({"OTEL_TRACES_EXPORTER": "console, otlp"}, {"traces": ["console", "otlp"]}),
        ({"OTEL_TRACES_EXPORTER": " ", "OTEL_METRICS_EXPORTER": "none"}, {}),
    ],
)
def test_only_what_is_named_is_on(environ: Mapping[str, str], asked: Mapping[str, list[str]]) -> None:
    assert exporters_asked_for(environ) == asked
