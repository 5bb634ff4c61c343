"""One connection to a component on a socket, by which all calls for it go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self, TypeVar

from google.protobuf.message import DecodeError, Message

from .._wire import names
from .._wire.huge import LARGE_BYTES, parted, with_bytes
from .._wire.status import error_of
from ..errors import (
    ComponentError,
    InitError,
    NotInitializedError,
    RemoteError,
    TimedOutError,
    UnavailableError,
)
from ..transport import ChannelState, ClientStream, Code, Limits, StatusError, channel
from .keeper import Greeting, Keeper
from .reflection import reflected

M = TypeVar("M", bound=Message)
R = TypeVar("R")

#: How long a component has for Init unless told otherwise (daprd's ``initTimeout``).
INIT_SECONDS: Final = 5.0


class Connection:
    """
    Calls to one configured component at an address; an ``async with``, closed by who opened it.

    ``instance`` is the component's name in its YAML, ``client`` who is calling, unique among sidecars; an
    empty one says nothing, as a daprd does. Both bindings of one component may share a connection.
    """

    def __init__(
        self,
        address: str,
        *,
        instance: str,
        client: str,
        init_timeout: float = INIT_SECONDS,
        limits: Limits | None = None,
    ) -> None:
        self.address = address
        self.instance = instance
        self.name: str = f'component "{instance}" at {address}'
        self._pairs = names.instance_headers(instance)
        if client:
            self._pairs = (*self._pairs, (names.CLIENT_HEADER, names.header_text(client)))
        self._init_timeout = init_timeout
        self._channel = channel(address, limits=limits)
        self._keeper = Keeper(self._channel, self.name, init_timeout)
        self._gate = self._keeper.gate
        self._keeping: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._keeping = asyncio.create_task(self._keeper.keep(), name=self.name)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Give the connection up; calls under way fail as unavailable."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])
        self._gate.shut(f"{self.name}: its connection is closed")
        await self._channel.close()

    async def introduce(self, service: str, greeting: Greeting) -> None:
        """
        Initialise one service of the component, now and whenever it was restarted.

        The greeting makes its calls by ``greet``.

        Raises:
            InitError: the component refused; calls for its other services pass as before.
            UnavailableError: it took no connection in time, or lost it.
            TimedOutError: it did not answer in time.
        """
        await self._keeper.introduce(service, greeting)

    def forget(self, service: str) -> None:
        """Initialise a service no more."""
        self._keeper.forget(service)

    def explain(self, reason: str) -> None:
        """Tell calls why the component is down, for who knows more of it than its socket does."""
        self._keeper.explain(reason)

    async def greet(self, path: str, request: Message, kind: type[M]) -> M:
        """
        Call as part of a greeting, while no other call passes.

        Raises:
            InitError: the component refused, whatever it called its error.
            UnavailableError: the connection was lost, or the component cannot reach its backend.
            TimedOutError: no answer in time.
        """
        try:
            return await self._asked(path, request.SerializeToString(), kind, self._init_timeout)
        except StatusError as status:
            error = self._error(status)
            if isinstance(error, InitError | UnavailableError | TimedOutError):
                raise error from status
            raise InitError(str(error)) from status

    async def services(self) -> frozenset[str]:
        """
        Return the full names of the services, as part of a greeting; none where nobody can say.

        Raises:
            UnavailableError: the connection was lost.
            TimedOutError: no answer in time.
        """
        try:
            return await reflected(self._channel, timeout=self._init_timeout)
        except StatusError as status:
            error = self._error(status)
            if isinstance(error, UnavailableError | TimedOutError):
                raise error from status
            return frozenset()

    async def ask_packing(
        self, path: str, size: int, pack: Callable[[R], Message], request: R, kind: type[M]
    ) -> M:
        """Make one call as ``ask`` does; a request that holds so many bytes may be packed in a thread."""
        if size <= LARGE_BYTES:
            return await self.ask(path, pack(request), kind)
        return await self.ask(path, await asyncio.to_thread(_serialized, pack, request), kind)

    async def ask_holding(self, path: str, message: Message, field: str, value: bytes, kind: type[M]) -> M:
        """Make one call as ``ask`` does, with a large value in a field that the message leaves empty."""
        return await self.ask(path, await asyncio.to_thread(with_bytes, message, field, value), kind)

    async def ask(
        self, path: str, request: Message | bytes, kind: type[M], *, timeout: float | None = None
    ) -> M:
        """
        Make one call and return its answer; the request is a message, or one in its form on the wire.

        Only a call that was refused as "not initialised", which had no effect, is made once more.

        Raises:
            UnavailableError: the component is down, or was lost during the call.
            ComponentError: what the component answered.
        """
        if not self._gate.open or self._channel.state is not ChannelState.UP:
            await self._passed()
        data = request if isinstance(request, bytes) else request.SerializeToString()
        lives = self._keeper.lives
        try:
            return await self._asked(path, data, kind, timeout)
        except StatusError as status:
            error = self._error(status)
            if not isinstance(error, NotInitializedError):
                raise error from status
        self._keeper.doubt(lives)
        await self._passed()
        try:
            return await self._asked(path, data, kind, timeout)
        except StatusError as status:
            raise self._error(status) from status

    async def stream(self, path: str) -> tuple[ClientStream, int]:
        """
        Begin a streaming call; the number says in which of the component's lives.

        Raises:
            UnavailableError: the component is down.
        """
        await self._passed()
        return self._channel.stream(path, metadata=self._pairs), self._keeper.lives

    def stream_error(self, status: StatusError, lives: int) -> ComponentError:
        """Return what ended a stream; a component that is not initialised will be."""
        error = self._error(status)
        if isinstance(error, NotInitializedError):
            self._keeper.doubt(lives)
        return error

    async def lost(self) -> None:
        """Wait until calls do not pass, because the component is down or is being initialised."""
        await self._gate.closed()

    async def passable(self) -> None:
        """Wait until calls pass, however long the component is down."""
        await self._gate.opened()

    async def _asked(self, path: str, data: bytes, kind: type[M], timeout: float | None) -> M:
        answer = await self._channel.unary(path, data, metadata=self._pairs, timeout=timeout)
        if len(answer) > LARGE_BYTES:
            return await asyncio.to_thread(self.parsed, path, answer, kind)
        return self.parsed(path, answer, kind)

    async def _passed(self) -> None:
        await self._gate.passed()
        if self._channel.state is not ChannelState.UP:  # just now, and the keeper has not come to know of it
            raise UnavailableError(self._keeper.lost())

    def parsed(self, path: str, answer: bytes, kind: type[M]) -> M:
        """
        Return the message that came.

        Raises:
            RemoteError: it is none of its kind.
        """
        try:
            return kind.FromString(answer)
        except DecodeError as error:
            raise self._no_message(path, answer, kind) from error

    def parted(self, path: str, answer: bytes, kind: type[M], field: str) -> tuple[M, bytes]:
        """
        Return the message that came without the huge value in its field of bytes, and that value.

        Raises:
            RemoteError: it is none of its kind.
        """
        try:
            return parted(kind, field, answer)
        except DecodeError as error:
            raise self._no_message(path, answer, kind) from error

    def _no_message(self, path: str, answer: bytes, kind: type[M]) -> RemoteError:
        return RemoteError(
            f"{self.name} answered {path} with {len(answer)} bytes that are no {kind.DESCRIPTOR.name}",
            code=Code.INTERNAL,
        )

    def _error(self, status: StatusError) -> ComponentError:
        error = error_of(status)
        if status.code is Code.CANCELLED and not status.details:
            # not by us: who of ours is cancelled sees CancelledError; nor what the component says of itself
            return UnavailableError(f"{self.name} was lost during the call: {status.message}")
        if type(error) is UnavailableError:
            return UnavailableError(f"{self.name} is unavailable: {error}")
        return error


def _serialized(pack: Callable[[R], Message], request: R) -> bytes:
    message = pack(request)
    return message.SerializeToString()
