"""An application over gRPC on the official client's own stubs, behind a sidecar that probes it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from dapr.proto.runtime.v1 import appcallback_pb2 as pb, appcallback_pb2_grpc as stubs
from google.protobuf.empty_pb2 import Empty
from grpc import aio

from tests.e2e.sidecars import Sidecar, component, sidecar

FLAGS = (
    "--app-protocol=grpc",
    "--enable-app-health-check",
    "--app-health-probe-interval=1",
    "--app-health-threshold=1",
    "--dapr-block-shutdown-duration=60s",
)


class Application(stubs.AppCallbackServicer, stubs.AppCallbackHealthCheckServicer):
    """Wants one topic, has its sidecar write a file at each tick, and is well when it says so."""

    def __init__(self) -> None:
        self.well = False
        self.events: asyncio.Queue[pb.TopicEventRequest] = asyncio.Queue()
        self.ticks: asyncio.Queue[None] = asyncio.Queue()
        self.asked = 0

    async def ListTopicSubscriptions(self, request: Empty, context: Any) -> pb.ListTopicSubscriptionsResponse:  # noqa: ARG002, N802
        self.asked += 1
        routes = pb.TopicRoutes(default="/orders")
        wanted = pb.TopicSubscription(pubsub_name="events", topic="orders", routes=routes)
        return pb.ListTopicSubscriptionsResponse(subscriptions=[wanted])

    async def ListInputBindings(self, request: Empty, context: Any) -> pb.ListInputBindingsResponse:  # noqa: ARG002, N802
        return pb.ListInputBindingsResponse(bindings=["tick"])

    async def OnTopicEvent(self, request: pb.TopicEventRequest, context: Any) -> pb.TopicEventResponse:  # noqa: ARG002, N802
        self.events.put_nowait(request)
        return pb.TopicEventResponse()

    async def OnBindingEvent(self, request: pb.BindingEventRequest, context: Any) -> pb.BindingEventResponse:  # noqa: ARG002, N802
        self.ticks.put_nowait(None)
        return pb.BindingEventResponse(to=["files"], data=b'"ticked"')

    async def HealthCheck(self, request: Empty, context: Any) -> pb.HealthCheckResponse:  # noqa: N802, ARG002
        if not self.well:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "not yet")
        return pb.HealthCheckResponse()

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator[int]:
        server = aio.server()
        for add in (
            stubs.add_AppCallbackServicer_to_server,
            stubs.add_AppCallbackHealthCheckServicer_to_server,
        ):
            add(self, server)  # type: ignore[no-untyped-call]  # the client says no types
        port = server.add_insecure_port(f"127.0.0.1:{port}")
        await server.start()
        try:
            yield port
        finally:
            await server.stop(0)

    async def gets(self, running: Sidecar, number: int) -> pb.TopicEventRequest:
        """Publish until the event arrives: a broker in memory keeps nothing for who is not there."""
        body = json.dumps({"number": number}).encode()
        async with asyncio.timeout(20):
            while True:
                answer = await running.call(
                    "POST", "/v1.0/publish/events/orders", body, {"content-type": "application/json"}
                )
                assert answer.status == 204
                try:
                    event = await asyncio.wait_for(self.events.get(), 0.2)
                except TimeoutError:
                    continue
                if event.data == b'{"number":%d}' % number:
                    return event


@pytest.mark.slow
async def test_application_is_called_while_it_is_well(tmp_path: Path) -> None:
    resources, written = tmp_path / "resources", tmp_path / "written"
    resources.mkdir()
    written.mkdir()
    component(resources, "events", "pubsub.in-memory")
    component(resources, "tick", "bindings.cron", schedule="@every 200ms")
    component(resources, "files", "bindings.localstorage", rootPath=str(written))
    app = Application()
    async with (
        app.serving() as port,
        sidecar(resources, app_port=port, flags=FLAGS) as running,
    ):
        assert app.asked == 0

        app.well = True
        await running.said("App entered healthy status")
        event = await app.gets(running, 1)
        assert (event.path, event.pubsub_name, event.topic) == ("/orders", "events", "orders")
        async with asyncio.timeout(10):
            for _ in range(2):  # at the second, what the first asked for is done
                await app.ticks.get()
        assert min(written.iterdir()).read_text() == "ticked"

        since = len(running.lines)
        app.well = False
        await running.said("App entered un-healthy status", since=since)
        await running.call("POST", "/v1.0/publish/events/orders", b"{}")
        app.well = True
        await running.said("App entered healthy status", since=since)
        await app.gets(running, 2)
        assert app.asked == 1

        since = len(running.lines)
        running.process.terminate()
        await running.said("Blocking graceful shutdown for 1m0s or until app reports unhealthy")
        assert (await running.call("GET", "/v1.0/metadata")).status == 200
        app.well = False
        await running.said("App reported unhealthy, entering shutdown", since=since)
        assert await running.ended() == 0


@pytest.mark.slow
async def test_application_that_was_restarted_is_found_again(tmp_path: Path) -> None:
    component(tmp_path, "events", "pubsub.in-memory")
    first, second = Application(), Application()
    async with AsyncExitStack() as stack:
        serving = await stack.enter_async_context(AsyncExitStack())
        port = await serving.enter_async_context(first.serving())
        running = await stack.enter_async_context(
            sidecar(tmp_path, app_port=port, flags=("--app-protocol=grpc",))
        )
        await first.gets(running, 1)
        await serving.aclose()

        await stack.enter_async_context(second.serving(port))
        await second.gets(running, 2)
