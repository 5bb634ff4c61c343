"""A connection that is made again when it is needed and was lost."""

from __future__ import annotations

import asyncio
import logging
import ssl
from contextlib import suppress
from typing import Final, Self

import aiormq
from aiormq.channel import Channel

from pluggable.errors import InitError, UnavailableError

from ..trust import objection
from .address import Address
from .errors import FAILURES, LostError, error_of, loss_told

logger = logging.getLogger(__name__)

#: How long connecting, and an answer to anything but a message, may take.
PATIENCE_SECONDS: Final = 30.0
#: How long leaving in good order may take.
_LEAVING_SECONDS: Final = 5.0

# It logs each attempt that fails; here the error says so, to whom it concerns.
logging.getLogger("aiormq.connection").addFilter(lambda told: "creating transport" not in told.msg)


class RabbitConnection:
    """Opened by ``open``; channels of one that was lost are lost too, and a new channel makes it anew."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._connection: aiormq.Connection | None = None
        self._connecting = asyncio.Lock()
        self._closed = False

    @classmethod
    async def open(cls, address: Address) -> Self:
        """
        Connect.

        Raises:
            InitError: the broker is not there, or refuses us.
        """
        found = cls(address)
        try:
            await found._connected()
        except FAILURES as error:
            raise InitError(str(error_of(error, str(address)))) from error
        except ValueError as error:
            raise InitError(f"rabbitmq {address}: {error}") from error
        return found

    async def channel(self, *, confirms: bool) -> Channel:
        """
        Return a new channel, of a new connection if the old one was lost.

        Raises:
            Exception: one of ``errors.FAILURES``, as it came.
        """
        connection = await self._connected()
        with loss_told():
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    channel = await connection.channel(publisher_confirms=confirms)
            except RuntimeError as error:  # how aiormq says that the connection was just lost
                raise LostError("the connection was lost") from error
        assert isinstance(channel, Channel)
        return channel

    async def close(self) -> None:
        """Disconnect, for good."""
        self._closed = True
        if self._connection is not None:
            with suppress(*FAILURES):
                async with asyncio.timeout(_LEAVING_SECONDS):
                    await self._connection.close()

    async def _connected(self) -> aiormq.Connection:
        async with self._connecting:
            if self._closed:
                raise UnavailableError(f"rabbitmq {self.address}: the component is closed")
            if self._connection is None or not self._connection.is_opened:
                self._connection = await self._connect()
            return self._connection

    async def _connect(self) -> aiormq.Connection:
        context = None
        if self.address.encrypted:
            context = await asyncio.to_thread(self.address.certificates.context)
        with loss_told():
            connection = aiormq.Connection(self.address.dialled, context=context)
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await connection.connect()
            except aiormq.AMQPConnectionError as error:
                if context is not None and (why := await self._hung_up(error, context)):
                    raise LostError(f"{error}; {why}") from error
                raise
        return connection

    async def _hung_up(self, error: aiormq.AMQPConnectionError, context: ssl.SSLContext) -> str:
        """Return why TLS failed, where the error does not say."""
        if type(error) is not aiormq.AMQPConnectionError or isinstance(error.__cause__, ssl.SSLError):
            return ""
        return await objection(str(self.address.url.host), self.address.port, context)


async def leave(channel: Channel) -> None:
    """Close a channel: the broker delivers again what it got no answer for."""
    with suppress(*FAILURES), loss_told():
        async with asyncio.timeout(_LEAVING_SECONDS):
            await channel.close()
