"""Where a component type is served: a bundled child of ours, or a stranger's socket."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from .. import resources
from ..children.supervisor import Child, Supervisor
from .discovery import Discovery
from .registry import UNVERSIONED, Registry

logger: logging.Logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """An address that serves a type; ``child`` is the process there when it is ours."""

    address: str
    child: Child | None = None


class Places:
    """
    Finds who serves a type.

    A stranger that was there at start goes before a bundled type of the same name, with a warning; one that
    comes later never does, since that type may be in use.
    """

    def __init__(self, registry: Registry, supervisor: Supervisor, discovery: Discovery) -> None:
        self._registry = registry
        self._supervisor = supervisor
        self._discovery = discovery
        self._news = asyncio.Event()

    def changed(self) -> None:
        """Wake who waits for a type; called when a socket was listed."""
        self._news.set()
        self._news = asyncio.Event()

    async def early_known(self, spec: resources.Component) -> None:
        """Wait until a socket of the type's name that was there at start has said whether it serves it."""
        await self._discovery.answered(_name(spec))

    def foresee(self, spec: resources.Component) -> None:
        """Start a bundled type's child already, unless a socket that is being asked may shadow it."""
        if not self._discovery.asks(_name(spec)):
            self.find(spec)

    def find(self, spec: resources.Component) -> Place | None:
        """Return where the component's type is served now; a bundled type's child is started by this."""
        type_ = spec.type.lower()
        stranger = self._discovery.strangers.get(type_) if spec.version in UNVERSIONED else None
        bundle = self._registry.bundle(type_, spec.version)
        if bundle is None:
            return None if stranger is None else Place(stranger.address)
        if not self._shadowed(spec):
            child = self._supervisor.child(bundle)
            return Place(child.address, child)
        if stranger is None:
            return None
        logger.warning("socket %s shadows the bundled component type %s", stranger.path, type_)
        return Place(stranger.address)

    def _shadowed(self, spec: resources.Component) -> bool:
        return spec.version in UNVERSIONED and spec.type.lower() in self._discovery.early

    async def wait(self, spec: resources.Component) -> Place:
        """Wait until somebody serves the type."""
        while (place := self.find(spec)) is None:
            await self._news.wait()
        return place

    def why_not(self, spec: resources.Component) -> str:
        """Say what was looked for, where, and what was found instead."""
        folder = self._discovery.folder
        version = "" if spec.version in UNVERSIONED else f" in version {spec.version}"
        reasons = [f"nobody serves type {spec.type}{version}"]
        if self._shadowed(spec):
            reasons.append(
                "the socket that was there at start instead of the bundled type is gone; "
                "bring it back, or start the sidecar without it"
            )
        unready = {
            path: f"{path} does not answer: {reason}" for path, reason in self._discovery.silent.items()
        }
        alike = [said for path, said in unready.items() if path.stem.lower() == _name(spec)]
        if self._discovery.refused:
            reasons.append(self._discovery.refused)
        elif self._discovery.strangers:
            reasons.append(f"sockets in {folder} serve {', '.join(sorted(self._discovery.strangers))}")
        else:
            reasons.append(f"no socket in {folder} serves a component")
        bundled = [type_ for type_ in self._registry.types() if type_.startswith(f"{spec.block}.")]
        reasons.append(f"bundled types are {', '.join(bundled) or 'none of this block'}")
        return "; ".join(reasons + (alike or list(unready.values())))


def _name(spec: resources.Component) -> str:
    """Return what a socket that serves the type is called."""
    return spec.type.partition(".")[2].lower()
