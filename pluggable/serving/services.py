"""What the components of one socket serve: it follows from their base classes."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from ..component import Component
from ..sockets import SocketError
from ..transport import Handler
from .calls import Calls
from .instances import Factory, Instances, Offered
from .observing import Observer, observed

MakeHandlers = Callable[[Calls[Any], type[Component]], dict[str, Handler]]


@dataclass(frozen=True, slots=True)
class _Family:
    """
    The services of one base class: what they are called together, and what answers them.

    Both are named and not imported: a class whose base is one of them has seen to that, and a process that
    serves state has no use for the messages of language models.
    """

    base: str
    name: str
    module: str
    function: str = "handlers"

    @property
    def block(self) -> str:
        return self.name.partition(".")[0]

    @property
    def base_name(self) -> str:
        return self.base.rpartition(".")[2]

    def serves(self, kind: type[Component]) -> bool:
        """Return whether a class derives from the base."""
        return any(f"{each.__module__}.{each.__qualname__}" == self.base for each in kind.__mro__)

    def handlers(self, calls: Calls[Any], kind: type[Component]) -> dict[str, Handler]:
        make: MakeHandlers = getattr(import_module(f".{self.module}", __package__), self.function)
        return make(calls, kind)


_FAMILIES: Final = (
    _Family("pluggable.state.StateStore", "state", "state"),
    _Family("pluggable.pubsub.PubSub", "pubsub", "pubsub"),
    _Family("pluggable.configuration.ConfigurationStore", "configuration", "configuration"),
    _Family("pluggable.lock.LockStore", "lock", "lock"),
    _Family("pluggable.bindings.InputBinding", "bindings.input", "bindings", "input_handlers"),
    _Family("pluggable.bindings.OutputBinding", "bindings.output", "bindings", "output_handlers"),
    _Family("pluggable.secretstores.SecretStore", "secretstores", "secretstores"),
    _Family("pluggable.crypto.SubtleCrypto", "crypto", "crypto"),
    _Family("pluggable.nameresolution.NameResolver", "nameresolution", "nameresolution"),
    _Family("pluggable.conversation.Conversation", "conversation", "conversation"),
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
        families = [family for family in _FAMILIES if family.serves(kind)]
        if not families:
            bases = ", ".join(family.base_name for family in _FAMILIES)
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
