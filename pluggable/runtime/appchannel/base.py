"""What the sidecar asks of its application, whatever protocol that speaks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ... import bindings
from ...metadata import NO_METADATA
from .. import invocation, resources
from ..cloudevents import Incoming


class AppError(Exception):
    """The application could not be asked, or its answer is of no use."""


class AppUnreachableError(AppError):
    """There is no connection to the application, or it ended before the answer did."""


class AppTimedOutError(AppError):
    """The application did not answer in time."""


class AppAnswerError(AppError):
    """The application answered something that is not what was asked for."""


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
class AppConfig:
    """What the application says of itself: the types of actors it hosts, and all the rest as it came."""

    entities: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


class AppChannel(ABC):
    """The way to the one application of this sidecar."""

    exists: bool = True
    """False where the sidecar was told of no application: then nothing is ever delivered."""

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
    async def wants_binding(self, route: str, timeout_seconds: float) -> bool:
        """Ask whether the application takes the events of an input binding; no answer in time means no."""

    @abstractmethod
    async def binding_event(self, route: str, event: bindings.Event) -> bytes:
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

    async def wants_binding(self, route: str, timeout_seconds: float) -> bool:  # noqa: ARG002  nobody to ask
        return False

    async def binding_event(self, route: str, event: bindings.Event) -> bytes:  # noqa: ARG002  nobody to tell
        raise AppUnreachableError(
            f"nothing takes the event for {route}: there is no application, set app-port"
        )

    async def healthy(self) -> bool:
        return True
