"""Health, shutdown and metrics over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ...blocks.health import Health
from ...telemetry import CONTENT_TYPE, Telemetry
from .request import NO_CONTENT, Request, Response, failure
from .router import Router

#: Told whether to go at once, without finishing what is under way.
Shutdown = Callable[[bool], None]
FORCE_HEADER = "dapr-force-shutdown"


class HealthHandlers:
    """``/v1.0/healthz``, which answers without a token."""

    def __init__(self, block: Health, app_id: str) -> None:
        self._block = block
        self._app_id = app_id

    def add_to(self, router: Router) -> None:
        """Add the paths."""
        router.add("GET", "/v1.0/healthz", self.all, exempt=True)
        router.add("GET", "/v1.0/healthz/outbound", self.outbound, exempt=True)

    async def all(self, request: Request) -> Response:
        """Answer 204 once everything is loaded, and only for this application where one is named."""
        self._block.check()
        wanted = request.parameters().get("appid")
        if wanted is not None and wanted != self._app_id:
            message = (
                f'dapr app-id does not match: this is the sidecar of "{self._app_id}", not of "{wanted}"'
            )
            return failure(500, "ERR_HEALTH_APPID_NOT_MATCH", message)
        return NO_CONTENT

    async def outbound(self, request: Request) -> Response:  # noqa: ARG002  every handler gets its request
        """Answer 204 once calls out can be made."""
        self._block.check_outbound()
        return NO_CONTENT


class ShutdownHandlers:
    """``/v1.0/shutdown``."""

    def __init__(self, shutdown: Shutdown) -> None:
        self._shutdown = shutdown

    def add_to(self, router: Router) -> None:
        """Add the path."""
        router.add("POST", "/v1.0/shutdown", self.shutdown)

    async def shutdown(self, request: Request) -> Response:
        """Answer, then end the sidecar."""
        force = request.headers.get(FORCE_HEADER, "").lower() == "true"
        asyncio.get_running_loop().call_soon(self._shutdown, force)
        return NO_CONTENT


class MetricHandlers:
    """``/metrics``."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def add_to(self, router: Router) -> None:
        """Add the paths; Prometheus asks for the first, people for the second."""
        for pattern in ("/metrics", "/"):
            router.add("GET", pattern, self.metrics)

    async def metrics(self, request: Request) -> Response:  # noqa: ARG002  every handler gets its request
        """Answer with every metric."""
        return Response(200, self._telemetry.render().encode(), CONTENT_TYPE)
