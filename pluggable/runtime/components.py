"""Bringing components to life and keeping the catalog true: find, resolve, connect, Init; unload."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from .. import bindings, component, pubsub, remote, secretstores, state
from ..errors import ComponentError
from ..metadata import Metadata
from . import resources
from .catalog import Catalog, Loaded
from .config import RuntimeConfig
from .places import Place, Places
from .secretrefs import SecretStorePending, init_properties

#: How long a bundled component's process may take from its start until it answers.
CHILD_START_SECONDS = 20.0
#: How long a component waits for the secret store that its metadata refers to.
SECRET_STORE_SECONDS = 30.0
#: What stands for a component of each block that is offered.
REMOTES: Mapping[str, tuple[type[remote.RemoteComponent], ...]] = {
    "secretstores": (remote.RemoteSecretStore,),
    "state": (remote.RemoteStateStore,),
    "pubsub": (remote.RemotePubSub,),
    "bindings": (remote.RemoteInputBinding, remote.RemoteOutputBinding),
}
DIRECTION: Mapping[type[remote.RemoteComponent], str] = {
    remote.RemoteInputBinding: "input",
    remote.RemoteOutputBinding: "output",
}
BOTH_DIRECTIONS = frozenset(DIRECTION.values())

logger = logging.getLogger(__name__)


class ComponentFailedError(Exception):
    """A component could not be loaded and its YAML does not say to ignore that."""


@dataclass(slots=True)
class _Entry:
    """One component in the making or in use."""

    spec: resources.Component
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    """Loaded, failed, or left pending because errors are ignored."""
    failure: str | None = None
    task: asyncio.Task[None] | None = None
    connection: remote.Connection | None = None


class Components:
    """
    Loads, replaces and unloads components as the resources change.

    They load side by side; one that needs a secret waits for its store, one that nobody serves is pending.
    """

    def __init__(self, config: RuntimeConfig, catalog: Catalog, places: Places) -> None:
        self._config = config
        self._catalog = catalog
        self._places = places
        self._entries: dict[str, _Entry] = {}
        self._client = f"{config.app_id}/{secrets.token_hex(8)}"
        self._stores_changed = asyncio.Event()

    async def apply(self, changes: resources.Changes) -> None:
        """
        Unload what is gone, load what is new, and return when each has settled.

        Raises:
            ComponentFailedError: some failed whose errors are not ignored; the text has all of them.
        """
        for spec in (*changes.removed.components, *changes.changed.components):
            await self._unload(spec.name)
        new = (*changes.added.components, *changes.changed.components)
        entries = [self._begin(spec) for spec in new]
        await asyncio.gather(*(entry.settled.wait() for entry in entries))
        for entry in entries:
            if entry.task is not None and entry.task.done():
                entry.task.result()  # what is no ComponentError is a fault of ours, not to be hidden
        if failures := [entry.failure for entry in entries if entry.failure and not entry.spec.ignore_errors]:
            raise ComponentFailedError("; ".join(failures))

    async def close(self) -> None:
        """Close every component; children are not ended by this."""
        await asyncio.gather(*(self._unload(name) for name in list(self._entries)))

    def _begin(self, spec: resources.Component) -> _Entry:
        entry = self._entries[spec.name] = _Entry(spec)
        entry.task = asyncio.create_task(self._bring_up(entry), name=f"loading {spec}")
        return entry

    async def _bring_up(self, entry: _Entry) -> None:
        """Load one component, waiting for its type; say what came of it."""
        try:
            await self._load(entry, await self._place(entry))
        except ComponentError as error:
            await self._disconnect(entry)
            self._fail(
                entry, f"[INIT_COMPONENT_FAILURE]: initialization error occurred for {entry.spec}: {error}"
            )
        finally:
            entry.settled.set()

    def _tell_stores(self) -> None:
        self._stores_changed.set()
        self._stores_changed = asyncio.Event()

    def _fail(self, entry: _Entry, reason: str) -> None:
        logger.error("Failed to init component %s: %s", entry.spec, reason)
        entry.failure = f"process component {entry.spec.name} error: {reason} [{entry.spec.origin}]"
        self._tell_stores()
        if entry.spec.ignore_errors:
            logger.error("Ignoring error processing component: %s", entry.failure)

    async def _place(self, entry: _Entry) -> Place:
        """Find who serves the type, waiting as long as the rules allow, for ever if errors are ignored."""
        spec = entry.spec
        if (place := self._places.find(spec)) is not None:
            return place
        seconds = self._config.components_wait_seconds
        seconds = spec.init_timeout_seconds if seconds is None else seconds
        logger.warning(
            "component %s is pending for up to %g s: %s", spec, seconds, self._places.why_not(spec)
        )
        try:
            async with asyncio.timeout(seconds):
                return await self._places.wait(spec)
        except TimeoutError:
            if not spec.ignore_errors:
                raise ComponentError(self._places.why_not(spec)) from None
        logger.error(
            "component %s stays pending, as its errors are ignored: %s", spec, self._places.why_not(spec)
        )
        entry.settled.set()
        return await self._places.wait(spec)

    async def _load(self, entry: _Entry, place: Place) -> None:
        """Resolve the metadata, connect, send Init, and list what answered."""
        spec = entry.spec
        properties = await self._properties(spec)
        if place.child is not None:
            await place.child.answering(CHILD_START_SECONDS)
        parts = await self._connect(entry, place, properties)
        for part in parts:
            await part.init(Metadata(properties, name=spec.name))
        for part in parts:
            self._list(Loaded(spec, part, properties))
        self._tell_stores()
        logger.info("Component loaded: %s", spec)
        self._catalog.notify()

    async def _properties(self, spec: resources.Component) -> dict[str, str]:
        """Resolve the metadata, waiting for the secret store that it names."""
        while True:
            news = self._stores_changed
            try:
                resolved = await init_properties(spec, self._config, os.environ, self._catalog.secretstores)
            except SecretStorePending as pending:
                await self._store_loaded(spec, pending, news)
                continue
            for warning in resolved.warnings:
                logger.warning("component %s: %s", spec, warning)
            return dict(resolved.properties)

    async def _store_loaded(
        self, spec: resources.Component, pending: SecretStorePending, news: asyncio.Event
    ) -> None:
        """Wait for news of the secret store that a component needs, if there can be any."""
        store = self._entries.get(pending.store)
        if store is None or store.spec.block != "secretstores" or store.spec.name == spec.name:
            raise ComponentError(f"{pending}; no secret store of that name is configured") from pending
        if store.failure:
            raise ComponentError(f"{pending}, since that failed") from pending
        try:
            async with asyncio.timeout(SECRET_STORE_SECONDS):
                await news.wait()
        except TimeoutError:
            raise ComponentError(f"{pending}, after {SECRET_STORE_SECONDS:g} s") from pending

    async def _connect(
        self, entry: _Entry, place: Place, properties: Mapping[str, str]
    ) -> list[remote.RemoteComponent]:
        """Connect and return the far end's parts: one, or for a binding one for each direction in use."""
        spec = entry.spec
        if (kinds := REMOTES.get(spec.block)) is None:
            raise ComponentError(
                f"components of block {spec.block} are not offered yet, only {', '.join(REMOTES)}"
            )
        if spec.block == "bindings":
            served = await remote.list_services(place.address, spec.init_timeout_seconds)
            wanted = directions(properties)
            kinds = tuple(kind for kind in kinds if kind.service in served and DIRECTION[kind] in wanted)
            if not kinds:
                raise ComponentError(
                    f"{place.address} serves no binding in direction {' or '.join(sorted(wanted))}"
                )
        connection = remote.Connection(
            place.address, instance=spec.name, client=self._client, init_timeout=spec.init_timeout_seconds
        )
        entry.connection = await connection.__aenter__()
        return [kind(connection) for kind in kinds]

    def _list(self, loaded: Loaded[component.Component]) -> None:
        """Enter a part in the catalog under its interface."""
        name, part = loaded.spec.name, loaded.component
        match part:
            case state.StateStore():
                self._catalog.state[name] = Loaded(loaded.spec, part, loaded.properties)
            case pubsub.PubSub():
                self._catalog.pubsub[name] = Loaded(loaded.spec, part, loaded.properties)
            case secretstores.SecretStore():
                self._catalog.secretstores[name] = Loaded(loaded.spec, part, loaded.properties)
            case bindings.InputBinding():
                self._catalog.inputs[name] = Loaded(loaded.spec, part, loaded.properties)
            case bindings.OutputBinding():
                self._catalog.outputs[name] = Loaded(loaded.spec, part, loaded.properties)

    async def _unload(self, name: str) -> None:
        """Take a component out of use and close it."""
        if (entry := self._entries.pop(name, None)) is None:
            return
        for block in self._catalog.blocks():
            block.pop(name, None)
        self._catalog.notify()
        if entry.task is not None:
            entry.task.cancel()
            await asyncio.gather(entry.task, return_exceptions=True)
        await self._disconnect(entry)
        logger.info("Component unloaded: %s", entry.spec)

    async def _disconnect(self, entry: _Entry) -> None:
        connection, entry.connection = entry.connection, None
        if connection is not None:
            await connection.close()


def directions(properties: Mapping[str, str]) -> frozenset[str]:
    """Return the directions that a binding's ``direction`` names; without it both (dapr: ``binding.go``)."""
    named = next((value for key, value in properties.items() if key.lower() == "direction"), "")
    return frozenset(word.strip().lower() for word in named.split(",") if word.strip()) or BOTH_DIRECTIONS
