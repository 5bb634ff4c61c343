from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

from pluggable import transport
from pluggable.serving.endpoint import Endpoint
from pluggable.serving.instances import Offered
from pluggable.serving.otel import OpenTelemetry
from tests.serving.calling import Caller


class Finished(SpanExporter):
    """Keeps the spans that have ended, each on the loop."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []
        self.news = asyncio.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.spans += spans
        self.news.set()
        return SpanExportResult.SUCCESS


class Seen:
    """What was told, and who calls the component of which it is told."""

    def __init__(self) -> None:
        self.finished = Finished()
        self._reader = InMemoryMetricReader()
        self.tracers = TracerProvider(shutdown_on_exit=False)
        self.tracers.add_span_processor(SimpleSpanProcessor(self.finished))
        self.meters = MeterProvider([self._reader], shutdown_on_exit=False)
        self.observer = OpenTelemetry(tracer_provider=self.tracers, meter_provider=self.meters)
        self.caller: Caller

    async def span(self, name: str) -> ReadableSpan:
        """Wait for a span whose name ends so; it may end a turn of the loop after its call."""
        async with asyncio.timeout(10):
            while True:
                for span in self.finished.spans:
                    if span.name.endswith(name):
                        return span
                self.finished.news.clear()
                await self.finished.news.wait()

    def points(self, metric: str) -> dict[str, Any]:
        """Return the points of a metric, by what tells them apart."""
        data = self._reader.get_metrics_data()
        return {
            "|".join(str(value) for _, value in sorted((point.attributes or {}).items())): point
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for found in scope.metrics
            if found.name == metric
            for point in found.data.data_points
        }

    def value(self, metric: str) -> int:
        """Return the sum over all points of a metric."""
        return sum(point.value for point in self.points(metric).values())


class Opened:
    """Serves a component as ``mine``, observed."""

    def __init__(self, stack: AsyncExitStack, folder: Path) -> None:
        self._stack = stack
        self._path = folder / "mine.sock"

    async def __call__(self, offered: Offered) -> Seen:
        seen = Seen()
        endpoint = Endpoint("mine", offered, self._path, observer=seen.observer)
        await self._stack.enter_async_context(endpoint)
        channel = await self._stack.enter_async_context(transport.channel(f"unix:{self._path}"))
        seen.caller = Caller(channel)
        return seen


@pytest.fixture
async def observed(socket_folder: Path) -> AsyncIterator[Opened]:
    async with AsyncExitStack() as stack:
        yield Opened(stack, socket_folder)
