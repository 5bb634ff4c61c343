"""Publishing, which ends when the broker has the message, and the properties a message travels with."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Final

import aiormq
from aiormq.channel import Channel
from pamqp.commands import Basic

from pluggable.metadata import parse_duration

from .connection import PATIENCE_SECONDS, RabbitConnection, leave
from .errors import FAILURES, LASTING, error_of, loss_told

logger = logging.getLogger(__name__)

#: So often a message is tried, as daprd does.
ATTEMPTS: Final = 3

#: Declares on a channel what a message needs there.
Prepare = Callable[[Channel], Awaitable[object]]


class _NoId(str):
    """No message id: aiormq would make one up where it finds none, and does not send an empty one."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return True


_NO_ID: Final = _NoId()


class Publisher:
    """One channel with confirmations, that concurrent messages share."""

    def __init__(self, connection: RabbitConnection, pause: timedelta) -> None:
        self._connection = connection
        self._pause = pause.total_seconds()
        self._channel: Channel | None = None
        self._opening = asyncio.Lock()
        self._declared: set[str] = set()

    async def publish(
        self, name: str, prepare: Prepare, body: bytes, exchange: str, key: str, properties: Basic.Properties
    ) -> None:
        """
        Publish a message; ``prepare`` declares ``name`` once a channel.

        Raises:
            ComponentError: the broker did not confirm that it has it; whether it has is unknown.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                channel = await self._ready(name, prepare)
                with loss_told():
                    await channel.basic_publish(
                        body,
                        exchange=exchange,
                        routing_key=key,
                        properties=properties,
                        timeout=PATIENCE_SECONDS,
                        wait=False,
                    )
                return  # noqa: TRY300  the loop goes on in the other case
            except FAILURES as error:
                meant = error_of(error, str(self._connection.address))
                if isinstance(meant, LASTING) or attempt == ATTEMPTS:
                    raise meant from error
                missing = isinstance(error, aiormq.ChannelNotFoundEntity)
            if not missing:  # an exchange that was deleted is there again at once
                await asyncio.sleep(self._pause)

    async def ping(self) -> None:
        """
        Ask the broker for an answer.

        Raises:
            ComponentError: there was none.
        """
        try:
            channel = await self._connection.channel(confirms=False)
        except FAILURES as error:
            raise error_of(error, str(self._connection.address)) from error
        await leave(channel)

    async def _ready(self, name: str, prepare: Prepare) -> Channel:
        channel = self._channel
        if channel is not None and not channel.is_closed and name in self._declared:
            return channel
        async with self._opening:
            channel = self._channel
            if channel is None or channel.is_closed:
                self._declared.clear()
                self._channel = channel = await self._connection.channel(confirms=True)
            if name not in self._declared:
                with loss_told():
                    await prepare(channel)
                self._declared.add(name)
        return channel


def properties_of(
    metadata: Mapping[str, str],
    *,
    delivery_mode: int,
    headers: Mapping[str, Any] | None,
    ttl: timedelta | None,
) -> Basic.Properties:
    """Return the properties of a message as a request's metadata says them; its time to live is given."""
    lower = {name.lower(): value for name, value in metadata.items()} if metadata else {}
    return Basic.Properties(
        content_type=lower.get("contenttype") or "text/plain",
        headers=dict(headers) if headers else None,
        delivery_mode=delivery_mode or None,
        priority=_priority(metadata.get("priority")),
        correlation_id=lower.get("correlationid") or None,
        expiration=None if ttl is None else str(max(0, int(ttl.total_seconds() * 1000))),
        message_id=lower.get("messageid") or _NO_ID,
        message_type=lower.get("type") or None,
    )


def ttl_of(metadata: Mapping[str, str]) -> timedelta | None:
    """
    Return how long a message lives by its metadata, ``ttl`` or ``ttlInSeconds`` in any case.

    Raises:
        ValueError: it is no duration.
    """
    lower = {name.lower(): value for name, value in metadata.items()} if metadata else {}
    text = lower.get("ttl") or lower.get("ttlinseconds")
    return parse_duration(text) if text else None


def _priority(text: str | None) -> int | None:
    """Return a priority, none where it is zero or no number."""
    try:
        return min(255, max(0, int(text or "0"))) or None
    except ValueError:
        logger.warning('rabbitmq: the priority of a message is "%s", wanted 0 to 255; it is left out', text)
        return None
