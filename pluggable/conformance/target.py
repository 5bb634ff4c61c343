"""The component under test, as a check meets it."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from contextlib import AsyncExitStack
from typing import TypeVar

from google.protobuf.message import Message

from .._wire import names
from ..metadata import Metadata
from ..remote import Connection, RemoteComponent
from ..transport import Channel, ClientStream, Pairs, StatusError
from .profile import Profile

R = TypeVar("R", bound=RemoteComponent)
M = TypeVar("M", bound=Message)

#: How long a single raw call may take.
CALL_SECONDS = 10.0


class Target:
    """One block of a component, initialised; what a check opens is closed with it."""

    def __init__(
        self,
        profile: Profile,
        *,
        service: str,
        services: frozenset[str],
        connection: Connection,
        channel: Channel,
        far_ends: dict[type[RemoteComponent], RemoteComponent],
    ) -> None:
        self.profile = profile
        self.service = service
        """The full name of the block's service."""
        self.services = services
        """The full names of all services that reflection lists."""
        self.channel = channel
        self._connection = connection
        self._far_ends = far_ends
        self._word = secrets.token_hex(4)
        self._numbers = itertools.count(1)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Target:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def far_end(self, kind: type[R]) -> R:
        """Return the component by its interface, as it was initialised at the beginning."""
        found = self._far_ends[kind]
        assert isinstance(found, kind)
        return found

    def any_far_end(self) -> RemoteComponent:
        """Return the component by what all blocks have in common."""
        return next(iter(self._far_ends.values()))

    async def another(self, kind: type[R], instance: str) -> R:
        """Return a far end on a connection of its own, whose ``init`` is still to be called."""
        connection = Connection(
            self.profile.address, instance=instance, client="", init_timeout=self.profile.wait_seconds
        )
        return kind(await self._stack.enter_async_context(connection))

    def metadata(self, instance: str = "") -> Metadata:
        """Return what an instance is initialised with."""
        return self.profile.metadata(instance)

    def name(self, what: str = "k") -> str:
        """Return a name that nobody has used: for a key, a topic, an instance."""
        return f"conformance-{self._word}-{what}-{next(self._numbers)}"

    async def status(
        self, service: str, method: str, request: Message | bytes, *, instance: str | None = None
    ) -> StatusError | None:
        """Make a call by its bytes, and return the status that it ends with; ``None`` if that is OK."""
        data = request if isinstance(request, bytes) else request.SerializeToString()
        pairs: Pairs = names.instance_headers(self.profile.instance if instance is None else instance)
        try:
            await self.channel.unary(names.path(service, method), data, metadata=pairs, timeout=CALL_SECONDS)
        except StatusError as status:
            return status
        return None

    def stream(self, service: str, method: str) -> ClientStream:
        """Begin a streaming call by its bytes; who opened it cancels it."""
        pairs: Pairs = names.instance_headers(self.profile.instance)
        return self.channel.stream(names.path(service, method), metadata=pairs)

    async def call(self, service: str, method: str, request: Message, kind: type[M]) -> M:
        """
        Make a call by its messages, and return the answer as it came.

        Raises:
            ComponentError: the component answered with an error.
        """
        return await self._connection.ask(names.path(service, method), request, kind, timeout=CALL_SECONDS)

    def within(self, seconds: float | None = None) -> asyncio.Timeout:
        """Bound a wait by the profile's patience."""
        return asyncio.timeout(self.profile.wait_seconds if seconds is None else seconds)
