"""The sidecar's life: ports, components, application; then serving; then the way back."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from dataclasses import dataclass

from .._collecting import settle
from .appchannel import AppChannel, AppError, app_channel
from .blocks import Blocks, build as build_blocks
from .catalog import Catalog
from .components import Components
from .groundwork import Groundwork
from .inputs import InputBindings
from .listeners import Listeners
from .mesh import Mesh
from .order import Order
from .resources import Changes
from .subscriptions import Subscriptions
from .telemetry import Telemetry

#: How long start waits for brokers to confirm subscriptions; most strangers never say.
SUBSCRIBED_SECONDS = 0.5

logger: logging.Logger = logging.getLogger(__name__)


async def build(groundwork: Groundwork, order: Order, stack: AsyncExitStack) -> Sidecar:
    """
    Build the parts, bottom up, and take the ports; nothing is loaded yet.

    Raises:
        PortTakenError: one of the ports cannot be had.
    """
    config, configuration = groundwork.config, groundwork.configuration
    catalog = Catalog()
    components = Components(config, catalog, groundwork.places)
    stack.push_async_callback(components.close)
    channel = await stack.enter_async_context(app_channel(config))
    subscriptions = Subscriptions(catalog, channel, config)
    stack.push_async_callback(subscriptions.close)
    inputs = InputBindings(catalog, channel, config)
    stack.push_async_callback(inputs.close)
    mesh = await stack.enter_async_context(Mesh(config, channel))
    blocks = build_blocks(
        catalog,
        config,
        configuration=configuration,
        subscriptions=subscriptions.listing,
        invocation=mesh.invocation,
    )
    telemetry = Telemetry(config.app_id, error_codes=configuration.record_error_codes)
    listeners = await stack.enter_async_context(Listeners(config, blocks, telemetry, order.by_api))
    await mesh.announce(listeners.internal_port)
    return Sidecar(
        groundwork=groundwork,
        order=order,
        blocks=blocks,
        components=components,
        channel=channel,
        subscriptions=subscriptions,
        inputs=inputs,
        listeners=listeners,
    )


@dataclass(kw_only=True, eq=False, slots=True)
class Sidecar:
    """The parts, and the order in which they come to life and go."""

    groundwork: Groundwork
    order: Order
    blocks: Blocks
    components: Components
    channel: AppChannel
    subscriptions: Subscriptions
    inputs: InputBindings
    listeners: Listeners

    async def live(self) -> int:
        """
        Load what the resources say, serve, and follow their changes, until told to stop.

        Raises:
            ComponentFailedError: a component cannot be loaded, now or after a change.
            FaultyFilesError: the resources cannot be read.
        """
        following = asyncio.create_task(self._follow(), name="following the resources")
        stopped = asyncio.create_task(self.order.stop.wait())
        try:
            await asyncio.wait({following, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                following.result()
        finally:
            for task in (following, stopped):
                task.cancel()
            await asyncio.gather(following, stopped, return_exceptions=True)
        return await self._stop()

    async def _follow(self) -> None:
        """Apply one batch of resources after the other; the first is the start."""
        self.order.reload = self.groundwork.changes.reload
        watching = asyncio.create_task(self.groundwork.discovery.watch(), name="watching for sockets")
        try:
            await self._apply(self.groundwork.first)
            self.blocks.health.outbound.open()
            settle()
            await self._meet_application()
            async for batch in self.groundwork.changes:
                await self._apply(batch)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _apply(self, batch: Changes) -> None:
        await self.components.apply(batch)
        self.subscriptions.declare(batch)

    async def _meet_application(self) -> None:
        """Wait for the application, ask what it wants, and begin to call it."""
        await self.channel.wait_for_app()
        try:
            await self.channel.config()
        except AppError as error:
            logger.warning("the application's configuration is not used: %s", error)
        await self.subscriptions.load_programmatic()
        await self.inputs.probe()
        self.subscriptions.open()
        self.inputs.open()
        await self.subscriptions.ready(SUBSCRIBED_SECONDS)
        self.blocks.health.inbound.open()
        logger.info("dapr initialized. Status: Running.")

    async def _stop(self) -> int:
        """Go the way back within the time that is given, or leave at once when told so again."""
        closing = asyncio.create_task(self._close())
        forced = asyncio.create_task(self.order.force.wait())
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

    async def _close(self) -> None:
        """Take nothing new from brokers and bindings, finish what is under way, then refuse calls."""
        await asyncio.gather(self.subscriptions.close(), self.inputs.close())
        await self.listeners.close(self.groundwork.config.graceful_shutdown_seconds)
        await self.components.close()
