"""A namespace of Service Bus: its client and its senders."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Self

from azure.servicebus import ServiceBusMessage, ServiceBusMessageBatch
from azure.servicebus.aio import ServiceBusClient, ServiceBusReceiver, ServiceBusSender

from pluggable.errors import InitError, UnavailableError

from .credentials import Credential, credential
from .errors import FAILURES, LASTING, error_of
from .management import Entities, Kind
from .settings import ServiceBusSettings

logger = logging.getLogger(__name__)

_GROWTH: Final = 1.5
#: A pause between attempts grows no further.
_LONGEST_PAUSE: Final = 60.0
_LEAVING_SECONDS: Final = 5.0


@dataclass(slots=True)
class _Outlet:
    """The sender to an entity, used by one at a time as it is not safe for more."""

    sender: ServiceBusSender | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Namespace:
    """Opened by ``open``; each sender and receiver has a connection of its own."""

    def __init__(
        self,
        settings: ServiceBusSettings,
        client: ServiceBusClient,
        kind: Kind,
        token: Credential | None = None,
        entities: Entities | None = None,
    ) -> None:
        self.address = settings.host
        self._settings = settings
        self._client = client
        self._kind = kind
        self._token = token
        self._entities = entities
        self._outlets: dict[str, _Outlet] = {}
        self._closed = False

    @classmethod
    async def open(cls, settings: ServiceBusSettings, kind: Kind) -> Self:
        """
        Prepare the client; connecting is left to the first use, as a namespace alone cannot be asked.

        Raises:
            InitError: the settings do not fit together.
        """
        if not settings.host:
            raise InitError("of connectionString and namespaceName neither is set, wanted one of them")
        token = entities = None
        try:
            if settings.connection_string:
                client = ServiceBusClient.from_connection_string(settings.connection_string, retry_total=0)
            else:
                token = await asyncio.to_thread(credential, settings)
                client = ServiceBusClient(settings.namespace_name, token, retry_total=0)
            if _manages(settings):
                entities = await Entities.open(settings, token)
        except FAILURES as error:
            raise InitError(str(error_of(error, settings.host))) from error
        return cls(settings, client, kind, token, entities)

    async def close(self) -> None:
        """Disconnect, for good."""
        self._closed = True
        senders = [outlet.sender for outlet in self._outlets.values() if outlet.sender is not None]
        with suppress(*FAILURES):
            async with asyncio.timeout(_LEAVING_SECONDS):
                # Each takes a moment, and the client would close one after the other.
                await asyncio.gather(*(sender.close() for sender in senders), return_exceptions=True)
                await self._client.close()
        if self._entities is not None:
            await self._entities.close()
        if self._token is not None:
            await self._token.close()

    async def send(self, name: str, message: ServiceBusMessage) -> None:
        """
        Send a message to a queue or topic; ends when the broker has it.

        Raises:
            ComponentError: the broker did not confirm that it has it; whether it has is unknown.
        """
        settings = self._settings
        pause = settings.publish_initial_retry_interval_in_ms / 1000
        for attempt in range(settings.publish_max_retries + 1):
            try:
                await self._attempt(
                    name, lambda sender: sender.send_messages(message, timeout=settings.timeout_in_sec)
                )
                return  # noqa: TRY300  the loop goes on in the other case
            except FAILURES as error:
                meant = error_of(error, self.address)
                if isinstance(meant, LASTING) or attempt >= settings.publish_max_retries:
                    raise meant from error
                logger.warning("a message was not sent, trying again: %s", meant)
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(pause * _GROWTH, _LONGEST_PAUSE)

    async def send_together(self, name: str, messages: Sequence[ServiceBusMessage], most_bytes: int) -> None:
        """
        Send messages in one transfer, all or none.

        Raises:
            ComponentError: they do not fit, or the broker did not confirm that it has them.
        """

        async def send(sender: ServiceBusSender) -> None:
            batch: ServiceBusMessageBatch = await sender.create_message_batch(most_bytes)
            for message in messages:
                batch.add_message(message)
            await sender.send_messages(batch, timeout=self._settings.timeout_in_sec)

        try:
            await self._attempt(name, send)
        except FAILURES as error:
            raise error_of(error, self.address) from error

    async def make(self, name: str) -> None:
        """
        Make a queue or topic that is not there, where entities are made here.

        Raises:
            ComponentError: the namespace cannot be asked, or refuses.
        """
        try:
            await self._make(name)
        except FAILURES as error:
            raise error_of(error, self.address) from error

    async def receiver(self, name: str, subscription: str | None) -> ServiceBusReceiver:
        """
        Return a receiver of a queue, or of a topic's subscription, that is not open yet.

        Where entities are made here, it is there afterwards.
        """
        if self._closed:
            raise UnavailableError(f"service bus {self.address}: the component is closed")
        await self._make(name, subscription)
        if subscription is None:
            return self._client.get_queue_receiver(name)
        return self._client.get_subscription_receiver(name, subscription)

    async def ping(self) -> None:
        """
        See that somebody listens where the namespace is.

        Raises:
            ComponentError: nobody does.
        """
        host, _, port = self.address.partition(":")
        try:
            async with asyncio.timeout(self._settings.timeout_in_sec):
                _, writer = await asyncio.open_connection(host, int(port or 5671))
        except FAILURES as error:
            raise error_of(error, self.address) from error
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def _make(self, name: str, subscription: str | None = None) -> None:
        if self._entities is not None:
            async with asyncio.timeout(self._settings.timeout_in_sec):
                await self._entities.make(self._kind, name, subscription)

    async def _attempt(self, name: str, send: Callable[[ServiceBusSender], Awaitable[None]]) -> None:
        if self._closed:
            raise UnavailableError(f"service bus {self.address}: the component is closed")
        outlet = self._outlets.setdefault(name, _Outlet())
        async with outlet.turn:
            fresh = outlet.sender is None
            if outlet.sender is None:
                await self._make(name)
                # To a sender, a queue and a topic are the same.
                outlet.sender = self._client.get_queue_sender(name)
            try:
                if fresh:
                    await opened(outlet.sender, self._settings.timeout_in_sec)
                async with asyncio.timeout(self._settings.timeout_in_sec):
                    await send(outlet.sender)
            except ValueError:  # The message's fault, not the connection's.
                raise
            except BaseException:
                gone, outlet.sender = outlet.sender, None
                with suppress(*FAILURES):
                    async with asyncio.timeout(_LEAVING_SECONDS):
                        await gone.close()
                raise


async def opened(link: ServiceBusSender | ServiceBusReceiver, seconds: float) -> None:
    """
    Open what sends or receives; cut in the midst it would leave its connection behind, which is waited for.

    Raises:
        TimeoutError: it was not open in time.
    """
    opening = asyncio.ensure_future(link.__aenter__())
    try:
        async with asyncio.timeout(seconds):
            await asyncio.shield(opening)
    finally:
        if not opening.done():
            await asyncio.wait({opening}, timeout=_LEAVING_SECONDS)
            opening.cancel()
            opening.add_done_callback(lambda task: task.cancelled() or task.exception())


def _manages(settings: ServiceBusSettings) -> bool:
    """Say whether entities are made here, and why not where they should be."""
    if settings.disable_entity_management:
        return False
    if settings.emulated:
        logger.warning(
            "service bus %s: the emulator's queues, topics and subscriptions are not made here; "
            "set disableEntityManagement to true",
            settings.host,
        )
    return not settings.emulated
