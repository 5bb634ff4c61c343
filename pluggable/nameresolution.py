"""Name resolution: where the sidecars of applications are."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from .component import Capability, Component
from .metadata import NO_METADATA


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveRequest:
    """Ask where an application's sidecars are."""

    id: str
    namespace: str = ""
    """Empty where there are none."""
    port: int = 0
    """The port that sidecars have for each other, for a resolver that knows hosts alone."""
    metadata: Mapping[str, str] = NO_METADATA


class NameResolver(Component):
    """Finds sidecars by the ids of their applications."""

    @abstractmethod
    async def resolve(self, request: ResolveRequest) -> Sequence[str]:
        """
        Return one address at least, each ``host:port``, an IPv6 address in brackets.

        A caller that wants one takes the first and may go on to the next; a resolver that spreads the load
        gives them in another order each time.

        Raises:
            NotFoundError: nobody has this id.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """A sidecar that others may call, recognised by id, namespace, host and port."""

    id: str
    """Its application's id."""
    host: str
    """Where others reach it: a name or an address."""
    port: int
    """The port that sidecars have for each other."""
    namespace: str = ""
    http_port: int | None = None
    app_port: int | None = None
    metadata: Mapping[str, str] = NO_METADATA


class Registering(Capability):
    """Knows the sidecars that tell it where they are; one without it learns that from its platform."""

    of: ClassVar[type[Component] | None] = NameResolver

    @abstractmethod
    async def register(self, instance: Instance, *, ttl_seconds: int | None = None) -> None:
        """
        List an instance until the time is over, or for ``None`` until it is deregistered.

        The same one again is listed once, for the new time: so a sidecar says that it is still there.
        """

    @abstractmethod
    async def deregister(self, instance: Instance) -> None:
        """List an instance no more; one that is not listed is no error."""
