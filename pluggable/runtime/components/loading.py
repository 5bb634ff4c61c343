"""Bringing components to life and keeping the catalog true: find, resolve, connect, Init; unload."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ... import component, remote
from ...errors import ComponentError
from ...metadata import Metadata
from .. import resources
from ..children.supervisor import Child
from ..config import RuntimeConfig
from ..encryption import without_keys
from ..fatal import FatalError
from ..resources.secretrefs import SecretStorePending, init_properties
from .catalog import Catalog, Loaded
from .parts import REMOTES, kinds_in_use
from .places import Place, Places
from .registry import UNVERSIONED
from .stores import check_store

#: How long a bundled component's process may take from its start until it answers.
CHILD_START_SECONDS = 20.0
#: How many components are sent Init side by side: the time that each has is not to be spent on the others.
INITS_AT_ONCE = 16
#: The block whose components are in this process.
MIDDLEWARE = "middleware"

logger: logging.Logger = logging.getLogger(__name__)


class ComponentFailedError(FatalError):
    """A component could not be loaded and its YAML does not say to ignore that."""


@dataclass(slots=True)
class _Entry:
    """One component in the making or in use."""

    spec: resources.Component
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    """Loaded, failed, or left pending because errors are ignored."""
    pending: bool = False
    """Nobody serves the type yet."""
    store: str = ""
    """The secret store that it waits for."""
    failure: str | None = None
    task: asyncio.Task[None] | None = None
    connection: remote.Connection | None = None
    child: Child | None = None

    @property
    def fatal(self) -> str | None:
        """Why the sidecar cannot go on, if so."""
        return None if self.spec.ignore_errors else self.failure


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
        self._client = client_of(config)
        self._news = asyncio.Event()
        self._turns = asyncio.Semaphore(INITS_AT_ONCE)

    async def apply(self, changes: resources.Changes) -> None:
        """
        Unload what is gone, load what is new, and return when each has settled.

        Raises:
            ComponentFailedError: some failed whose errors are not ignored; the text has all that did not just
                wait.
        """
        old = (*changes.removed.components, *changes.changed.components)
        await asyncio.gather(*(self._unload(spec.name) for spec in old))
        new = (*changes.added.components, *changes.changed.components)
        entries = [self._begin(spec) for spec in new]
        await self._settled(entries)
        for entry in entries:
            if entry.task is not None and entry.task.done():
                entry.task.result()  # what is no ComponentError is a fault of ours, not to be hidden
        if failures := [entry.fatal for entry in entries if entry.fatal]:
            raise ComponentFailedError("; ".join(failures))

    async def _settled(self, entries: Sequence[_Entry]) -> None:
        """Wait until each has settled, but for no pending one once it is in vain."""
        while unsettled := [entry for entry in entries if not entry.settled.is_set()]:
            if any(entry.fatal for entry in entries) and all(map(self._waits, unsettled)):
                return
            await self._news.wait()

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
            if entry.spec.block == MIDDLEWARE:
                await self._load_middleware(entry)
                return
            if entry.spec.block not in REMOTES:
                self._fail(
                    entry,
                    f"incorrect type {entry.spec.type}: components of this block are not offered, only "
                    + ", ".join(f"{block}.…" for block in REMOTES),
                )
                return
            await self._load(entry, await self._place(entry))
        except ComponentError as error:
            await self._disconnect(entry)
            failed = f"[INIT_COMPONENT_FAILURE]: initialization error occurred for {entry.spec}: "
            self._fail(entry, f"{failed}{error}", failed)
        finally:
            self._settle(entry)

    def _settle(self, entry: _Entry) -> None:
        entry.settled.set()
        self._tell()

    def _tell(self) -> None:
        """Wake who waits for another component to come further."""
        self._news.set()
        self._news = asyncio.Event()

    def _fail(self, entry: _Entry, reason: str, failed: str = "") -> None:
        """Note why a component cannot be had; daprd says what ``failed`` twice, and tools look for that."""
        logger.error("Failed to init component %s: %s", entry.spec, reason)
        entry.failure = f"process component {entry.spec.name} error: {failed}{reason} [{entry.spec.origin}]"
        if entry.spec.ignore_errors:
            logger.error("Ignoring error processing component: %s", entry.failure)
        else:
            logger.warning("Error processing component, daprd will exit gracefully: %s", entry.failure)

    async def _place(self, entry: _Entry) -> Place:
        """Find who serves the type, waiting as long as the rules allow, for ever if errors are ignored."""
        spec = entry.spec
        await self._places.early_known(spec)
        if (place := self._places.find(spec)) is not None:
            return place
        entry.pending = True
        self._tell()
        place = await self._place_of_pending(entry)
        entry.pending = False
        return place

    async def _place_of_pending(self, entry: _Entry) -> Place:
        spec = entry.spec
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
        self._settle(entry)
        return await self._places.wait(spec)

    async def _load(self, entry: _Entry, place: Place) -> None:
        """Resolve the metadata, connect, send Init, and list what answered."""
        spec = entry.spec
        properties = await self._properties(entry)
        if spec.block == "state":
            check_store(spec, properties)
        if place.child is not None:
            await place.child.answering(CHILD_START_SECONDS)
        async with self._turns:
            parts = await self._connect(entry, place, properties)
            for part in parts.values():
                await part.init(Metadata(without_keys(properties), name=spec.name))
        for kind, part in parts.items():
            self._catalog.shelf(kind)[spec.name] = Loaded(
                spec, part, properties, bundled=place.child is not None
            )
        logger.info("Component loaded: %s", spec)
        self._catalog.notify()

    async def _load_middleware(self, entry: _Entry) -> None:
        """Init a middleware, which is in this process, and list it."""
        from ..middleware import TYPES  # few sidecars have any

        spec = entry.spec
        kind = TYPES.get(spec.type) if spec.version in UNVERSIONED else None
        if kind is None:
            raise ComponentError(
                f"couldn't find HTTP middleware {spec.type}/{spec.version}; there are {', '.join(TYPES)}"
            )
        properties = await self._properties(entry)
        middleware = kind()
        await middleware.init(Metadata(properties, name=spec.name))
        self._catalog.middleware[spec.name] = Loaded(spec, middleware, properties)
        logger.info("Component loaded: %s", spec)
        self._catalog.notify()

    async def _properties(self, entry: _Entry) -> dict[str, str]:
        """Resolve the metadata, waiting for the secret store that it names."""
        spec = entry.spec
        while True:
            news = self._news
            try:
                resolved = await init_properties(spec, self._config, os.environ, self._catalog.secretstores)
            except SecretStorePending as pending:
                await self._store_loaded(entry, pending, news)
                continue
            entry.store = ""
            for warning in resolved.warnings:
                logger.warning("component %s: %s", spec, warning)
            return dict(resolved.properties)

    async def _store_loaded(self, entry: _Entry, pending: SecretStorePending, news: asyncio.Event) -> None:
        """Wait for news of the secret store that a component needs, if there can be any."""
        entry.store = pending.store
        store = self._entries.get(pending.store)
        if store is None or store.spec.block != "secretstores":
            raise ComponentError(f"{pending}; no secret store of that name is configured") from pending
        if store.failure:
            raise ComponentError(f"{pending}, since that failed") from pending
        if circle := self._circle(entry):
            raise ComponentError(f"{pending}, since they wait for each other: {circle}") from pending
        if store.settled.is_set() and store.spec.name not in self._catalog.secretstores:
            if not entry.spec.ignore_errors:
                raise ComponentError(f"{pending}, since nobody serves that yet") from pending
            if not entry.settled.is_set():
                self._settle(entry)
        await news.wait()

    def _waits(self, entry: _Entry) -> bool:
        """Whether somebody has to appear for it, or for a secret store that it waits for."""
        store = self._entries.get(entry.store)
        return entry.pending or (store is not None and not store.failure and self._waits(store))

    def _circle(self, entry: _Entry) -> str | None:
        """Return who waits for whom, if this one waits for itself in the end."""
        names = [entry.spec.name]
        store = entry.store
        while store not in names and (next_ := self._entries.get(store)) is not None:
            names.append(store)
            store = next_.store
        return " → ".join([*names, store]) if store == entry.spec.name else None

    async def _connect(
        self, entry: _Entry, place: Place, properties: Mapping[str, str]
    ) -> Mapping[str, remote.RemoteComponent]:
        """Connect and return the far end's parts: one, or for a binding one for each direction in use."""
        spec = entry.spec
        kinds = await kinds_in_use(spec, place.address, properties)
        connection = remote.Connection(
            place.address, instance=spec.name, client=self._client, init_timeout=spec.init_timeout_seconds
        )
        entry.connection = await connection.__aenter__()
        if place.child is not None:
            entry.child = place.child
            entry.child.told_when_failed.add(connection.explain)
        return {kind: part(connection) for kind, part in kinds.items()}

    async def _unload(self, name: str) -> None:
        """Take a component out of use and close it."""
        if (entry := self._entries.pop(name, None)) is None:
            return
        gone = [block.pop(name).component for block in self._catalog.blocks() if name in block]
        self._catalog.notify()
        await self._left(gone)
        if entry.task is not None:
            entry.task.cancel()
            await asyncio.gather(entry.task, return_exceptions=True)
        await self._disconnect(entry)
        logger.info("Component unloaded: %s", entry.spec)

    async def _left(self, gone: Sequence[component.Component]) -> None:
        """Give those who take messages of a component the time to answer what they have."""
        sources = [each for each in gone if isinstance(each, remote.RemotePubSub | remote.RemoteInputBinding)]
        try:
            async with asyncio.timeout(self._config.graceful_shutdown_seconds):
                await asyncio.gather(*(source.left() for source in sources))
        except TimeoutError:
            logger.warning("messages of %s are still being handled and are given up", gone)

    async def _disconnect(self, entry: _Entry) -> None:
        connection, entry.connection = entry.connection, None
        if connection is not None:
            if entry.child is not None:
                entry.child.told_when_failed.discard(connection.explain)
            await connection.close()


def client_of(config: RuntimeConfig) -> str:
    """Return who we are to components: the same after a restart, so that it replaces our old instances."""
    port = config.http_port or secrets.token_hex(4)
    return f"{config.app_id}@{socket.gethostname()}:{port}"
