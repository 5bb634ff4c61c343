"""A collector that speaks OTLP over HTTP, as real ones do, and keeps what it gets."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TypeVar

from aiohttp import web
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.web import listening

T = TypeVar("T")


class Collector:
    """What has come, by the names that its senders give themselves."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, Span]] = []
        self.metrics: list[tuple[str, Metric]] = []
        self.endpoint = ""
        self._news = asyncio.Event()

    async def has(self, found: Callable[[], T | None]) -> T:
        """Wait until there is what is looked for."""
        async with asyncio.timeout(20):
            while (result := found()) is None:
                self._news.clear()
                await self._news.wait()
        return result

    def span(self, service: str, name: str) -> Span | None:
        return next((span for who, span in self.spans if who == service and span.name.endswith(name)), None)

    def metric(self, service: str, name: str) -> Metric | None:
        return next((each for who, each in self.metrics if who == service and each.name == name), None)

    async def take_traces(self, request: web.Request) -> web.Response:
        for each in traces.ExportTraceServiceRequest.FromString(await body(request)).resource_spans:
            who = attributes(each.resource.attributes)["service.name"]
            self.spans += [(who, span) for scope in each.scope_spans for span in scope.spans]
        return self._taken(traces.ExportTraceServiceResponse())

    async def take_metrics(self, request: web.Request) -> web.Response:
        for each in metrics.ExportMetricsServiceRequest.FromString(await body(request)).resource_metrics:
            who = attributes(each.resource.attributes)["service.name"]
            self.metrics += [(who, metric) for scope in each.scope_metrics for metric in scope.metrics]
        return self._taken(metrics.ExportMetricsServiceResponse())

    def _taken(
        self, answer: traces.ExportTraceServiceResponse | metrics.ExportMetricsServiceResponse
    ) -> web.Response:
        self._news.set()
        return web.Response(body=answer.SerializeToString(), content_type="application/x-protobuf")


async def body(request: web.Request) -> bytes:
    data = await request.read()
    return gzip.decompress(data) if request.headers.get("Content-Encoding") == "gzip" else data


def attributes(pairs: Iterable[KeyValue]) -> dict[str, str]:
    """Return attributes whose values are texts."""
    return {pair.key: pair.value.string_value for pair in pairs}


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """Collect at an address of its own."""
    collector = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", collector.take_traces)
    app.router.add_post("/v1/metrics", collector.take_metrics)
    async with listening(app) as port:
        collector.endpoint = f"http://127.0.0.1:{port}"
        yield collector
