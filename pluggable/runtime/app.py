"""The sidecar's life: configuration, ports, components, application; then serving; then the way back."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from ..sockets import SocketsFolder
from .appchannel import AppChannel, AppError, app_channel
from .blocks import Blocks, build
from .catalog import Catalog
from .changes import ResourceChanges
from .components import ComponentFailedError, Components
from .config import RuntimeConfig
from .discovery import Discovery
from .inputs import InputBindings
from .listeners import Listeners, PortTakenError
from .manifests import ManifestError, load_configuration, load_resources
from .places import Places
from .registry import Registry
from .resources import Configuration, Resources
from .subscriptions import Subscriptions
from .supervisor import Supervisor
from .telemetry import Telemetry

#: How long start waits for brokers to confirm subscriptions; most strangers never say.
SUBSCRIBED_SECONDS = 0.5

logger: logging.Logger = logging.getLogger(__name__)


async def run(config: RuntimeConfig) -> int:
    """Run a sidecar until it is told to stop, and return daprd's exit status: 0, or 1 after a fatal error."""
    order = Order()
    order.listen_to_signals()
    try:
        async with AsyncExitStack() as stack:
            sidecar = await _build(config, order, stack)
            return await sidecar.live()
    except (ComponentFailedError, FaultyFilesError, PortTakenError) as error:
        logger.critical("Fatal error from runtime: %s", error)
        return 1


class FaultyFilesError(Exception):
    """What the YAML files say cannot be run; the text is daprd's, with every place."""


class Order:
    """What the sidecar was told: to go on, to read its resources again, to stop, to stop at once."""

    def __init__(self) -> None:
        self.stop: asyncio.Event = asyncio.Event()
        self.force: asyncio.Event = asyncio.Event()
        self.reload: Callable[[], None] = lambda: None

    def listen_to_signals(self) -> None:
        """Stop at SIGINT or SIGTERM, at once at the second; read the resources again at SIGHUP."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._signalled)
        loop.add_signal_handler(signal.SIGHUP, lambda: self.reload())

    def _signalled(self) -> None:
        if self.stop.is_set():
            self.force.set()
        self.stop.set()

    def by_api(self, force: bool) -> None:
        """Stop because a caller of the API asked for it."""
        if force:
            logger.warning("Force shutdown requested, exiting immediately without graceful shutdown")
            self.force.set()
        else:
            logger.info("Shutdown requested via API")
        self.stop.set()


def _tell_what_is_not_heeded(config: RuntimeConfig) -> None:
    """Log the flags that were given and change nothing, so that nobody counts on them."""
    if config.unused_flags:
        logger.info("flags that have no meaning here: %s", ", ".join(config.unused_flags))
    given = {
        "allowed-origins": config.allowed_origins is not None,
        "dapr-block-shutdown-duration": config.block_shutdown_seconds is not None,
        "enable-app-health-check": config.enable_app_health_check,
    }
    if later := [name for name, was_given in given.items() if was_given]:
        logger.warning("flags that are not offered yet and have no effect: %s", ", ".join(later))


async def _build(config: RuntimeConfig, order: Order, stack: AsyncExitStack) -> Sidecar:
    """Build the parts, bottom up, and take the ports; nothing is loaded yet."""
    try:
        configuration = load_configuration(config.config_paths, os.environ)
    except ManifestError as error:
        raise FaultyFilesError(f"error loading configuration: {error}") from error
    config = completed(config, configuration)
    _tell_what_is_not_heeded(config)
    catalog = Catalog()
    supervisor = await stack.enter_async_context(Supervisor())
    discovery = Discovery(SocketsFolder.find(config.sockets_folder), lambda: places.changed())
    places = Places(Registry(), supervisor, discovery)
    components = Components(config, catalog, places)
    stack.push_async_callback(components.close)
    channel = await stack.enter_async_context(app_channel(config))
    subscriptions = Subscriptions(catalog, channel, config)
    stack.push_async_callback(subscriptions.close)
    inputs = InputBindings(catalog, channel, config)
    stack.push_async_callback(inputs.close)
    blocks = build(catalog, config, configuration=configuration, subscriptions=subscriptions.listing)
    telemetry = Telemetry(config.app_id, error_codes=configuration.record_error_codes)
    listeners = Listeners(config, blocks, telemetry, order.by_api)
    return Sidecar(
        config=config,
        order=order,
        blocks=blocks,
        discovery=discovery,
        places=places,
        components=components,
        channel=channel,
        subscriptions=subscriptions,
        inputs=inputs,
        listeners=await stack.enter_async_context(listeners),
    )


def completed(config: RuntimeConfig, configuration: Configuration) -> RuntimeConfig:
    """Return the settings with what the configuration says where the flags do not."""
    logged = config.enable_api_logging
    return replace(
        config,
        enable_api_logging=configuration.api_logging if logged is None else logged,
        enable_metrics=config.enable_metrics and configuration.metrics,
    )


@dataclass(kw_only=True, eq=False, slots=True)
class Sidecar:
    """The parts, and the order in which they come to life and go."""

    config: RuntimeConfig
    order: Order
    blocks: Blocks
    discovery: Discovery
    places: Places
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
        changes = ResourceChanges(self._resources)
        self.order.reload = changes.reload
        self.discovery.look()
        watching = asyncio.create_task(self.discovery.watch(), name="watching for sockets")
        try:
            async for batch in changes:
                await self.components.apply(batch)
                self.subscriptions.declare(batch)
                if not self.blocks.health.outbound.opened:
                    self.blocks.health.outbound.open()
                    await self._meet_application()
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    def _resources(self) -> Resources:
        """Read the resources; called in a thread."""
        config = self.config
        try:
            return load_resources(config.resources_paths, app_id=config.app_id, namespace=config.namespace)
        except ManifestError as error:
            loaded = self.blocks.health.outbound.opened
            failed = "failed to load resources from disk" if loaded else "failed to load components"
            raise FaultyFilesError(f"{failed}: {error}") from error

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
        seconds = self.config.graceful_shutdown_seconds
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
        await self.listeners.close(self.config.graceful_shutdown_seconds)
        await self.components.close()
