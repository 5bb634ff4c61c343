"""What the components of one socket serve: it follows from their base classes."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..bindings import InputBinding, OutputBinding
from ..component import Component
from ..configuration import ConfigurationStore
from ..conversation import Conversation
from ..crypto import SubtleCrypto
from ..lock import LockStore
from ..nameresolution import NameResolver
from ..pubsub import PubSub
from ..secretstores import SecretStore
from ..sockets import SocketError
from ..state import StateStore
from ..transport import Handler
from . import (
    bindings,
    configuration,
    conversation,
    crypto,
    lock,
    nameresolution,
    pubsub,
    secretstores,
    state,
)
from .calls import Calls
from .instances import Factory, Instances, Offered
from .observing import Observer, observed


@dataclass(frozen=True, slots=True)
class _Family:
    """The services of one base class: what they are called together, and what answers them."""

    base: type[Component]
    name: str
    handlers: Callable[[Calls[Any], type[Component]], dict[str, Handler]]

    @property
    def block(self) -> str:
        return self.name.partition(".")[0]


_FAMILIES: Final = (
    _Family(StateStore, "state", state.handlers),
    _Family(PubSub, "pubsub", pubsub.handlers),
    _Family(ConfigurationStore, "configuration", configuration.handlers),
    _Family(LockStore, "lock", lock.handlers),
    _Family(InputBinding, "bindings.input", bindings.input_handlers),
    _Family(OutputBinding, "bindings.output", bindings.output_handlers),
    _Family(SecretStore, "secretstores", secretstores.handlers),
    _Family(SubtleCrypto, "crypto", crypto.handlers),
    _Family(NameResolver, "nameresolution", nameresolution.handlers),
    _Family(Conversation, "conversation", conversation.handlers),
)


class Services:
    """The components offered under one name."""

    def __init__(self, name: str, offered: Offered, observer: Observer | None = None) -> None:
        self.handlers: dict[str, Handler] = {}
        self.types: list[str] = []
        """The component types, such as ``state.redis``."""
        self.stopping: asyncio.Event = asyncio.Event()
        """The server is about to leave; who is connected is served on."""
        self._observer = observer
        self._instances: dict[str, Instances[Any]] = {}
        for factory in [offered] if callable(offered) else offered:
            self._add(name, factory)

    def _add(self, name: str, factory: Factory) -> None:
        kind = made_by(factory)
        families = [family for family in _FAMILIES if issubclass(kind, family.base)]
        if not families:
            bases = ", ".join(family.base.__name__ for family in _FAMILIES)
            raise TypeError(f"{kind.__qualname__} serves nothing: it derives from none of {bases}")
        for family in families:
            type_ = f"{family.block}.{name}"
            instances: Instances[Any] = Instances(
                type_, factory, exclusive=kind.exclusive, observer=self._observer
            )
            found = observed(
                family.handlers(Calls(type_, family.name, instances), kind), type_, self._observer
            )
            if found.keys() & self.handlers.keys():
                raise SocketError(f"{type_} is offered twice; a socket has one component for each block")
            self.handlers |= found
            for service in services_of(found):
                self._instances[service] = instances
            if type_ not in self.types:
                self.types.append(type_)

    @property
    def instances(self) -> Mapping[str, Instances[Any]]:
        """The instances behind each service, by its full name."""
        return self._instances

    def count(self) -> dict[str, int]:
        """Return how many instances each type has."""
        found = dict.fromkeys(self.types, 0)
        for instances in self._distinct():
            found[instances.label] += len(instances)
        return found

    async def stop_intake(self) -> None:
        """Say to who asks that the end is near, and let no component deliver anything new."""
        self.stopping.set()
        for instances in self._distinct():
            for instance in instances:
                await instance.stop_intake()

    async def close(self) -> None:
        """End all instances; no call is under way any more."""
        for instances in self._distinct():
            await instances.close()

    def _distinct(self) -> list[Instances[Any]]:
        return list({id(instances): instances for instances in self._instances.values()}.values())


def services_of(handlers: Mapping[str, Handler]) -> list[str]:
    """Return the full names of the services whose methods these are."""
    return sorted({path.split("/")[1] for path in handlers})


def made_by(factory: Factory) -> type[Component]:
    """Return the class of what a factory makes; one that is no class is called once to see."""
    while isinstance(factory, functools.partial):
        factory = factory.func
    return factory if isinstance(factory, type) else type(factory())
