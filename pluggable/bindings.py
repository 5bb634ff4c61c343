"""Bindings: events from outside, and calls to it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from .component import Component
from .delivery import Delivery
from .metadata import NO_METADATA


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened outside."""

    data: bytes = b""
    metadata: Mapping[str, str] = NO_METADATA
    content_type: str | None = None


class InputBinding(Component):
    """A source of events. A class that also takes calls derives from both bindings and is one component."""

    @abstractmethod
    async def read(self, deliver: Delivery[Event]) -> None:
        """
        Deliver events until cancelled.

        ``Accepted.data`` is what the application answered. Like a subscription, it deals with trouble itself.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class InvokeRequest:
    """A call: one of the operations offered, with data and metadata."""

    operation: str
    data: bytes = b""
    metadata: Mapping[str, str] = NO_METADATA


@dataclass(frozen=True, slots=True, kw_only=True)
class InvokeResponse:
    """What the call gave. No data at all is ``None``, which the HTTP API answers with 204."""

    data: bytes | None = None
    metadata: Mapping[str, str] = NO_METADATA
    content_type: str | None = None


class OutputBinding(Component):
    """Something outside that can be called."""

    operations: tuple[str, ...]
    """What may be asked for: ``create``, ``get``, ``delete``, ``list`` …; the sidecar refuses the rest."""

    @abstractmethod
    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        """
        Perform one operation.

        Raises:
            InvalidRequestError: data or metadata are not what the operation needs.
        """
