"""The sidecar's life: ports, components, application; then serving; then the way back."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass

from .._collecting import settle
from .appchannel import AppChannel, app_channel
from .attendance import SUBSCRIBED_SECONDS, Attendance
from .blocks import Blocks, build as build_blocks
from .components.catalog import Catalog
from .components.loading import Components
from .gotext import duration
from .groundwork import Groundwork
from .inputs import InputBindings
from .listeners import Listeners
from .mesh import Mesh
from .middleware import Pipeline
from .order import Order
from .renewal import Renewal
from .reserving import Reservation
from .resources import Changes, HTTPEndpoint
from .resources.declared import Endpoint
from .resources.endpoints import endpoint
from .responses import Responses
from .subscriptions import OutboxRelay, Subscriptions
from .telemetry import Telemetry
from .traffic import MessageTraffic

logger: logging.Logger = logging.getLogger(__name__)


async def build(
    groundwork: Groundwork, order: Order, stack: AsyncExitStack, reservation: Reservation | None = None
) -> Sidecar:
    """
    Build the parts, bottom up, and take the ports, which a reservation may keep; nothing is loaded yet.

    Raises:
        PortTakenError: one of the ports cannot be had.
    """
    config, configuration = groundwork.config, groundwork.configuration
    catalog = Catalog()
    components = Components(config, catalog, groundwork.places)
    stack.push_async_callback(components.close)
    app_pipeline = Pipeline("app HTTP", configuration.app_http_pipeline, catalog)
    channel = await stack.enter_async_context(app_channel(config, app_pipeline))
    telemetry = Telemetry(config.app_id, error_codes=configuration.record_error_codes)
    traffic = MessageTraffic(telemetry, config.namespace)
    subscriptions = Subscriptions(catalog, channel, config, traffic)
    stack.push_async_callback(subscriptions.close)
    mesh = await stack.enter_async_context(Mesh(config, channel, catalog.declared.endpoints))
    blocks = build_blocks(
        catalog,
        config,
        configuration=configuration,
        subscriptions=subscriptions.listing,
        channel=channel,
        traffic=traffic,
        invocation=mesh.invocation,
    )
    inputs = InputBindings(catalog, channel, config, Responses(blocks))
    stack.push_async_callback(inputs.close)
    outbox = OutboxRelay(catalog, blocks.state.outbox, blocks.publishing, config)
    stack.push_async_callback(outbox.close)
    attendance = Attendance(
        channel, subscriptions, inputs, config, lambda told: blocks.actors.host(told.entities)
    )
    stack.push_async_callback(attendance.close)
    pipeline = Pipeline("HTTP", configuration.http_pipeline, catalog)
    listeners = await stack.enter_async_context(
        Listeners(config, blocks, telemetry, order.by_api, subscriptions, pipeline, reservation)
    )
    await mesh.announce(listeners.internal_port)
    return Sidecar(
        groundwork=groundwork,
        order=order,
        renewal=Renewal(groundwork, order),
        blocks=blocks,
        catalog=catalog,
        components=components,
        channel=channel,
        subscriptions=subscriptions,
        inputs=inputs,
        outbox=outbox,
        attendance=attendance,
        listeners=listeners,
    )


@dataclass(kw_only=True, eq=False, slots=True)
class Sidecar:
    """The parts, and the order in which they come to life and go."""

    groundwork: Groundwork
    order: Order
    renewal: Renewal
    blocks: Blocks
    catalog: Catalog
    components: Components
    channel: AppChannel
    subscriptions: Subscriptions
    inputs: InputBindings
    outbox: OutboxRelay
    attendance: Attendance
    listeners: Listeners
    quiet: asyncio.Task[None] | None = None
    """Under way, or done, from when no new messages are taken."""

    async def live(self) -> int | None:
        """
        Load what the resources say, serve, and follow their changes, until told to stop or to begin anew.

        Returns the exit status; ``None`` is for a new beginning.

        Raises:
            ComponentFailedError: a component cannot be loaded, now or after a change.
            FaultyFilesError: the resources cannot be read.
        """
        following = asyncio.create_task(self._follow(), name="following the resources")
        told = asyncio.create_task(self.renewal.told())
        try:
            await asyncio.wait({following, told}, return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                following.result()
        finally:
            for task in (following, told):
                task.cancel()
            await asyncio.gather(following, told, return_exceptions=True)
        if self.order.stop.is_set():
            return await self._stop()
        await self._retire()
        return None

    async def _follow(self) -> None:
        """Apply one batch of resources after the other; the first is the start."""
        tasks = self._watching()
        try:
            await self._apply(self.groundwork.first)
            self.outbox.open()
            self.blocks.secrets.warn_of_missing()
            self.blocks.health.outbound.open()
            settle()
            # resources may change while the application is still waited for
            tasks += (asyncio.create_task(self._begin()), asyncio.create_task(self._keep_up()))
            await asyncio.gather(*tasks[-2:])
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _begin(self) -> None:
        """Wait for the application, and begin to call it."""
        await self.attendance.begin()
        await self.outbox.ready(SUBSCRIBED_SECONDS)
        self.outbox.release()
        self.blocks.health.inbound.open()
        logger.info("dapr initialized. Status: Running.")

    async def _keep_up(self) -> None:
        async for batch in self.groundwork.changes:
            await self._apply(batch)

    def _watching(self) -> list[asyncio.Task[None]]:
        """Begin to look for sockets, and for changes of the resources unless the configuration forbids it."""
        work = self.groundwork
        tasks = [asyncio.create_task(work.discovery.watch(), name="watching for sockets")]
        if "HotReload" in work.configuration.enabled and work.config.resources_paths:
            tasks.append(asyncio.create_task(work.watch.watch(), name="watching the resources"))
            logger.info(
                "Hot reloading enabled: resources in %s are read again when they change",
                ", ".join(map(str, work.config.resources_paths)),
            )
        return tasks

    async def _apply(self, batch: Changes) -> None:
        await self.components.apply(batch)
        await self.catalog.declared.apply(batch, self._endpoint)
        self.subscriptions.declare(batch)
        await self.renewal.heed(batch)

    async def _endpoint(self, spec: HTTPEndpoint) -> Endpoint:
        return await endpoint(spec, self.groundwork.config, os.environ, self.catalog.secretstores)

    async def _stop(self) -> int:
        """Go the way back within the time that is given, or leave at once when told so again."""
        forced = asyncio.create_task(self.order.force.wait())
        await self._linger(forced)
        closing = asyncio.create_task(self._close())
        seconds = self.groundwork.config.graceful_shutdown_seconds
        await asyncio.wait({closing, forced}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        graceful, told = closing.done(), forced.done()
        for task in (closing, forced):
            task.cancel()
        await asyncio.gather(closing, forced, return_exceptions=True)
        if graceful:
            closing.result()
            logger.info("Daprd shutdown gracefully")
            return 0
        if not told:
            logger.warning("Graceful shutdown timeout exceeded, forcing shutdown")
        return 1

    async def _linger(self, forced: asyncio.Task[bool]) -> None:
        """Go on serving, without messages, as long as was asked for or until the application is unwell."""
        seconds = self.groundwork.config.block_shutdown_seconds
        if seconds is None or forced.done():
            return
        logger.info("Blocking graceful shutdown for %s or until app reports unhealthy...", duration(seconds))
        self.quiet = asyncio.create_task(self._quieten(seconds))
        unwell = asyncio.create_task(self.channel.health.until(healthy=False))
        await asyncio.wait({forced, unwell}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        unwell.cancel()
        if not self.channel.health.healthy:
            logger.info("App reported unhealthy, entering shutdown...")
        elif not forced.done():
            logger.info("Block shutdown period expired, entering shutdown...")

    async def _quieten(self, longer_seconds: float = 0.0) -> None:
        """Take nothing new from brokers and bindings, and finish what is under way."""
        await asyncio.gather(
            self.subscriptions.close(longer_seconds),
            self.inputs.close(longer_seconds),
            self.outbox.close(),
            self.blocks.configuration.close(),
        )

    async def _retire(self) -> None:
        """Go the way back, so that all can begin anew; what takes longer than it may is cut off."""
        logger.info("reloading: everything begins anew, with its files read again")
        try:
            async with asyncio.timeout(self.groundwork.config.graceful_shutdown_seconds):
                await self._close()
        except TimeoutError:
            logger.warning("what is under way takes longer than the time to shut down, and is cut off")

    async def _close(self) -> None:
        """Take nothing new from brokers and bindings, finish what is under way, then refuse calls."""
        await (self.quiet or self._quieten())
        await self.attendance.close()
        await self.listeners.close(self.groundwork.config.graceful_shutdown_seconds)
        await self.components.close()
