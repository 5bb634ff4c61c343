"""The calling end on grpcio."""

from __future__ import annotations

import asyncio
import weakref
from typing import TypeAlias

import grpc
from grpc import aio

from ..calls import ClientStream, Pairs
from ..channel import Channel, ChannelState
from ..checks import check_size, checked
from ..limits import Limits
from ..status import Code, StatusError
from .options import channel_options, target
from .statuses import being_cancelled, from_grpc
from .stream import EndedStream, GrpcioStream

_Unary: TypeAlias = "aio.UnaryUnaryMultiCallable[bytes, bytes]"
_Stream: TypeAlias = "aio.StreamStreamMultiCallable[bytes, bytes]"


class GrpcioChannel(Channel):
    """
    A channel on ``grpc.aio``. Once used, it keeps trying to be connected until it is closed.

    It is never ``DRAINING``: when its peer wants no new calls, grpcio leaves the connection without a word
    and dials anew.
    """

    def __init__(self, address: str, *, limits: Limits) -> None:
        self.address = address
        self._limits = limits
        self._state = ChannelState.CONNECTING
        self._change = asyncio.Event()
        self._channel: aio.Channel | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._unary: dict[str, _Unary] = {}
        self._stream: dict[str, _Stream] = {}
        self._open: weakref.WeakSet[GrpcioStream] = weakref.WeakSet()

    @property
    def state(self) -> ChannelState:
        return self._state

    async def changed(self, since: ChannelState) -> ChannelState:
        if self._state is not ChannelState.CLOSED:
            self._grpc_channel()
        while self._state is since:
            await self._change.wait()
        return self._state

    async def _up(self) -> None:
        self._grpc_channel()
        while self._state is not ChannelState.UP:
            await self._change.wait()
            self._grpc_channel()

    async def unary(
        self, method: str, request: bytes, *, metadata: Pairs = (), timeout: float | None = None
    ) -> bytes:
        call = self._unary.get(method)
        if call is None or self._state is ChannelState.CLOSED:
            call = self._unary[method] = self._grpc_channel().unary_unary(method)
        check_size(request, self._limits.send_bytes)
        try:
            return await call(request, timeout=timeout, metadata=checked(metadata) if metadata else None)
        except aio.AioRpcError as error:
            raise from_grpc(error, self.address, method, timeout) from error
        except asyncio.CancelledError as error:
            if being_cancelled():
                raise
            raise self._closed() from error  # grpcio cancels who waits when the channel is closed

    def stream(self, method: str, *, metadata: Pairs = (), timeout: float | None = None) -> ClientStream:
        try:
            call = self._stream.get(method)
            if call is None or self._state is ChannelState.CLOSED:
                call = self._stream[method] = self._grpc_channel().stream_stream(method)
            begun = call(timeout=timeout, metadata=checked(metadata) if metadata else None)
        except StatusError as error:
            return EndedStream(error)
        stream = GrpcioStream(begun, self.address, method, timeout, self._limits.send_bytes)
        self._open.add(stream)
        return stream

    async def close(self) -> None:
        if self._state is ChannelState.CLOSED:
            return
        self._turn(ChannelState.CLOSED)
        for stream in list(self._open):
            stream.cancel(self._closed().message)
        if self._channel is not None:
            await self._channel.close()
        if self._watcher is not None:
            # core ends the watch with the last reference to the channel, and an error that a caller keeps is
            # one
            self._watcher.cancel()
            await asyncio.wait([self._watcher])

    def _grpc_channel(self) -> aio.Channel:
        if self._state is ChannelState.CLOSED:
            raise self._closed()
        if self._channel is None:  # made here, because grpcio ties it to the running loop
            options = channel_options(self.address, self._limits)
            self._channel = aio.insecure_channel(target(self.address), options)
            self._watcher = asyncio.create_task(self._watch(self._channel))
        return self._channel

    def _closed(self) -> StatusError:
        return StatusError(Code.CANCELLED, f"the channel to {self.address} is closed")

    async def _watch(self, channel: aio.Channel) -> None:
        while self._state is not ChannelState.CLOSED:
            seen = channel.get_state(try_to_connect=True)
            if seen is grpc.ChannelConnectivity.READY:
                self._turn(ChannelState.UP)
            elif seen is grpc.ChannelConnectivity.TRANSIENT_FAILURE or self._state is ChannelState.UP:
                # idle, or connecting again, after it was up: the connection is lost
                self._turn(ChannelState.DOWN)
            await channel.wait_for_state_change(seen)

    def _turn(self, state: ChannelState) -> None:
        if state is not self._state:
            self._state = state
            self._change.set()
            self._change = asyncio.Event()
