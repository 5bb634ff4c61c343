"""What the sidecar asks of its application, whatever protocol that speaks."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ... import bindings, state
from ...metadata import NO_METADATA
from ...transport import Channel, Pairs
from .. import invocation, resources
from ..cloudevents import Incoming
from ..config import RuntimeConfig
from .errors import AppUnreachableError
from .health import AppHealth


class Verdict(Enum):
    """What the application says of a message."""

    SUCCESS = "success"
    RETRY = "retry"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Answer:
    """A verdict on a message, with the reason unless all went well."""

    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicEvent:
    """A message on its way to the application: as a CloudEvent, and what the broker said beside it."""

    pubsub: str
    topic: str
    content: Incoming
    metadata: Mapping[str, str] = NO_METADATA


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkEntry:
    """One of the messages that are handed over together; its id is unique among them."""

    entry_id: str
    content: Incoming | None
    """The message as a CloudEvent; ``None`` where the subscription is to raw payloads."""
    data: bytes
    """The message as it came, which is what a raw payload is handed over as."""
    content_type: str = ""
    """As the broker said it; often empty."""
    metadata: Mapping[str, str] = NO_METADATA


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkEvent:
    """Messages of one topic on their way to the application together, for one route."""

    pubsub: str
    topic: str
    entries: Sequence[BulkEntry]
    metadata: Mapping[str, str] = NO_METADATA

    @property
    def trace(self) -> tuple[str, str]:
        """Where the last of the traces among them stands, and its vendor part: there is room for one."""
        for entry in reversed(self.entries):
            if entry.content is not None and entry.content.trace_parent:
                return entry.content.trace_parent, entry.content.trace_state
        return "", ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppConfig:
    """What the application says of itself: the types of actors it hosts, and all the rest as it came."""

    entities: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingAnswer:
    """What the application answers to an event of an input binding, and what it has the sidecar do."""

    data: bytes = b""
    """For the binding itself."""
    store: str = ""
    states: Sequence[state.SetRequest] = ()
    """What is to be stored there, under the application's own keys."""
    to: Sequence[str] = ()
    """Output bindings that are to be sent ``payload``."""
    payload: bytes = b""
    parallel: bool = False
    """To all of them at once, instead of to one after the other until one fails."""


class AppChannel(ABC):
    """The way to the one application of this sidecar."""

    exists: bool = True
    """False where the sidecar was told of no application: then nothing is ever delivered."""

    channel: Channel | None = None
    """The connection to one that speaks gRPC, for calls that are only passed on, each in its ``turn``."""
    token: Pairs = ()
    """By which such an application knows its sidecar; part of every call's metadata."""

    def __init__(self, config: RuntimeConfig) -> None:
        self.health: AppHealth = AppHealth(probed=self.exists and config.enable_app_health_check)
        limit = config.app_max_concurrency
        turns = asyncio.Semaphore(limit) if limit > 0 else nullcontext()
        self.turn: AbstractAsyncContextManager[None] = turns
        """Held by every call to the application: no more than ``app-max-concurrency`` are under way."""

    @abstractmethod
    async def wait_for_app(self) -> None:
        """Return once the application listens, however long that takes."""

    @abstractmethod
    async def config(self) -> AppConfig:
        """
        Ask the application for its configuration; one that has none to give has the default.

        Raises:
            AppError: it could not be asked, or its answer cannot be read.
        """

    @abstractmethod
    async def subscriptions(self) -> Sequence[resources.Subscription]:
        """
        Ask which topics the application wants.

        Raises:
            AppError: it could not be asked, or its answer cannot be read.
        """

    @abstractmethod
    async def deliver(self, path: str, event: TopicEvent) -> Answer:
        """
        Hand over a message and return what the application says of it.

        Raises:
            AppError: it said nothing.
        """

    @abstractmethod
    async def deliver_bulk(self, path: str, bulk: BulkEvent) -> Sequence[Answer]:
        """
        Hand over several messages at once and return an answer for each, in the order of the entries.

        An entry of which the application says nothing is to be delivered again.

        Raises:
            AppError: it said nothing at all.
        """

    @abstractmethod
    async def wants_binding(self, name: str, route: str, timeout_seconds: float) -> bool:
        """
        Ask whether the application takes the events of an input binding.

        Applications over HTTP know it by its route, others by its name. No answer in time means no.
        """

    @abstractmethod
    async def binding_event(self, name: str, route: str, event: bindings.Event) -> BindingAnswer:
        """
        Hand over an event of an input binding and return what the application answers.

        Raises:
            AppError: the application failed on it, or said nothing.
        """

    async def invoke(self, request: invocation.Request) -> invocation.Response:
        """
        Call a method on behalf of another application, and return what this one answers, an error too.

        Raises:
            AppError: it could not be called; reading a body in pieces raises it where that is cut off.
            Exception: what reading the request's body raised.
        """
        raise AppUnreachableError(f"{request.method} cannot be called: there is no application, set app-port")

    async def connected(self) -> None:
        """
        Wait a while for the connection to an application that speaks gRPC, if that was lost.

        Raises:
            StatusError: ``UNAVAILABLE``, it was not made again.
        """

    @abstractmethod
    async def setting_changed(self, store: str, key: str, event: bytes) -> None:
        """
        Tell of the change of a setting, in JSON.

        Raises:
            AppError: the application failed on it, or said nothing.
        """

    @abstractmethod
    async def healthy(self) -> bool:
        """Whether the application answers its health check in time, and well."""


class NoApp(AppChannel):
    """For a sidecar that was told of no application: it wants nothing and is never called."""

    exists = False

    async def wait_for_app(self) -> None:
        return

    async def config(self) -> AppConfig:
        return AppConfig()

    async def subscriptions(self) -> Sequence[resources.Subscription]:
        return ()

    async def deliver(self, path: str, event: TopicEvent) -> Answer:
        raise AppUnreachableError(
            f"{event.topic} has a route {path}, but there is no application: set app-port"
        )

    async def deliver_bulk(self, path: str, bulk: BulkEvent) -> Sequence[Answer]:
        raise AppUnreachableError(
            f"{bulk.topic} has a route {path}, but there is no application: set app-port"
        )

    async def wants_binding(self, name: str, route: str, timeout_seconds: float) -> bool:  # noqa: ARG002  nobody to ask
        return False

    async def binding_event(self, name: str, route: str, event: bindings.Event) -> BindingAnswer:  # noqa: ARG002  nobody to tell
        raise AppUnreachableError(
            f"nothing takes the event of {name} for {route}: there is no application, set app-port"
        )

    async def setting_changed(self, store: str, key: str, event: bytes) -> None:  # noqa: ARG002  nobody to tell
        raise AppUnreachableError(f"nothing hears of {key} in {store}: there is no application, set app-port")

    async def healthy(self) -> bool:
        return True
