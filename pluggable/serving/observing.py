"""
Telling somebody of every call and every message: the seam for telemetry.

Handlers and deliveries are wrapped when they are made, and only if somebody wants to know.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Generic, TypeVar

from ..bindings import Event
from ..delivery import Delivery, Outcome
from ..pubsub import Message
from ..transport import Handler, ServerCall, ServerStream, Stream, Unary

M = TypeVar("M", bound=Message | Event)


class Handover(Generic[M]):
    """A message on its way to the sidecar, and what became of it."""

    def __init__(self, message: M) -> None:
        self.message = message
        """What is sent; an observer may put one with more metadata in its place."""
        self.outcome: Outcome | None = None
        """``None`` until it is known, and for good if the delivery failed or was cancelled."""


class Observer(ABC):
    """
    Is told of what components do, each time by a ``with`` around it.

    It may be told by many tasks at once, all on one event loop; it must neither wait nor raise.
    """

    @abstractmethod
    def call(self, component: str, call: ServerCall, request: bytes | None) -> AbstractContextManager[None]:
        """
        Return what surrounds a call of a component of this type; of a stream there is no ``request``.

        What leaves it is the ``StatusError`` that the caller gets, or a cancellation.
        """

    @abstractmethod
    def delivery(self, component: str, name: str, message: M) -> AbstractContextManager[Handover[M]]:
        """Return what surrounds handing over a message of a component of this type and name."""

    @abstractmethod
    def instances(self, count: Callable[[], Mapping[str, int]]) -> AbstractContextManager[None]:
        """Return what surrounds serving; ``count``, on any thread, tells how many instances a type has."""


class ObservedDelivery(Delivery[M], Generic[M]):
    """Delivers, and tells of it."""

    def __init__(self, delivery: Delivery[M], observer: Observer, component: str, name: str) -> None:
        self._delivery = delivery
        self._observer = observer
        self._component = component
        self._name = name

    async def __call__(self, message: M) -> Outcome:
        with self._observer.delivery(self._component, self._name, message) as handover:
            outcome = handover.outcome = await self._delivery(handover.message)
            return outcome

    def ready(self) -> None:
        self._delivery.ready()


def observed(
    handlers: Mapping[str, Handler], component: str, observer: Observer | None
) -> dict[str, Handler]:
    """Return the handlers so that each call is told of; as they are if nobody wants to know."""
    if observer is None:
        return dict(handlers)
    return {
        path: _unary(handler, component, observer)
        if isinstance(handler, Unary)
        else _stream(handler, component, observer)
        for path, handler in handlers.items()
    }


def _unary(handler: Unary, component: str, observer: Observer) -> Unary:
    async def handle(data: bytes, call: ServerCall) -> bytes:
        with observer.call(component, call, data):
            return await handler.handle(data, call)

    return Unary(handle)


def _stream(handler: Stream, component: str, observer: Observer) -> Stream:
    async def handle(stream: ServerStream) -> None:
        with observer.call(component, stream, None):
            await handler.handle(stream)

    return Stream(handle)
