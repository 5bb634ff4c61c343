"""
A topic of an MQTT broker as a binding, with the clients that daprd uses.

Facts: components-contrib ``bindings/mqtt3/mqtt.go``: QoS 1, ``<consumerID>-producer`` and ``-consumer``.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from pluggable import About
from pluggable.bindings import Event, InputBinding, InvokeRequest, InvokeResponse, OutputBinding
from pluggable.delivery import Accepted, Delivery, Rejected
from pluggable.errors import ComponentError, InitError, InvalidRequestError
from pluggable.metadata import Metadata, setting

from .connection import LONGEST_PAUSE, MQTTConnection
from .session import Held, MQTTSession
from .settings import AUTHENTICATION, MQTTSettings

logger = logging.getLogger(__name__)

#: Before an event that was not handled is delivered again.
PAUSE: Final = timedelta(seconds=5)
_QOS: Final = 1
_OPERATIONS: Final = {"create": "Publishes a message."}


@dataclass(frozen=True, slots=True, kw_only=True)
class MQTTBindingSettings(MQTTSettings):
    """The properties of ``bindings.mqtt3``; daprd's ``qos`` has no effect there, nor here."""

    consumer_id: str = setting(
        name="consumerID",
        description="What the two clients' IDs begin with; each may be connected once only.",
        example="orders",
    )
    topic: str = setting(
        description="What is published to where a call names no topic, and what events are read from.",
        example="orders/+",
    )
    back_off_max_retries: int = setting(
        default=0,
        description="How often an event that was not handled is delivered again, 5 s apart; -1 for ever.",
    )

    def faults(self) -> list[str]:
        faults = MQTTSettings.faults(self)
        if not self.topic:
            faults.append("topic is empty, wanted one of the broker")
        return faults


class MQTTBinding(InputBinding, OutputBinding):
    """
    Calls publish; messages are events.

    An event is acknowledged when it was handled. One that was not, even after its retries, stays with the
    broker, which sends it again after the next connection.
    """

    operations = tuple(_OPERATIONS)
    about = About(
        settings=MQTTBindingSettings,
        title="MQTT 3",
        description="A topic of an MQTT broker, versions 3.1.1 and 3.1, as daprd's bindings.mqtt3 uses it.",
        url="https://docs.dapr.io/reference/components-reference/supported-bindings/mqtt3/",
        authentication=AUTHENTICATION,
        operations=_OPERATIONS,
    )

    def __init__(self) -> None:
        self._opened: tuple[MQTTBindingSettings, MQTTConnection] | None = None
        self._name = ""

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(MQTTBindingSettings)
        self._name = metadata.name
        producer = MQTTConnection(settings, f"{settings.consumer_id.strip()}-producer", lambda _message: None)
        await producer.open()
        self._opened = settings, producer

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened[1].close()

    async def ping(self) -> None:
        _, producer = self._initialised()
        await producer.wait_connected()

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        settings, producer = self._initialised()
        if request.operation not in self.operations:
            raise InvalidRequestError(f"unsupported operation {request.operation}, wanted create")
        topic = request.metadata.get("topic") or settings.topic
        await producer.publish(topic, request.data, qos=_QOS, retain=settings.retain)
        return InvokeResponse()

    async def read(self, deliver: Delivery[Event]) -> None:
        settings, _ = self._initialised()
        consumer = MQTTSession(
            settings, f"{settings.consumer_id.strip()}-consumer", f'bindings.mqtt3 "{self._name}"'
        )

        async def handle(held: Held) -> None:
            await self._handle(held, deliver, settings.back_off_max_retries)

        await self._open(consumer)
        try:
            await consumer.subscribe(settings.topic, _QOS, handle, ready=deliver.ready, unsubscribing=False)
        finally:
            await consumer.close()

    async def _open(self, consumer: MQTTSession) -> None:
        while True:
            try:
                return await consumer.open()
            except InitError as error:
                logger.warning('bindings.mqtt3 "%s": %s; trying again', self._name, error)
            await asyncio.sleep(LONGEST_PAUSE / 10)

    async def _handle(self, held: Held, deliver: Delivery[Event], retries: int) -> None:
        """Deliver an event until it is handled; one that is given up is waited with, and not acknowledged."""
        event = Event(data=held.data, metadata={"topic": held.topic})
        attempt = 0
        while not isinstance(outcome := await deliver(event), Accepted):
            given_up = 0 <= retries <= attempt
            logger.warning(
                'bindings.mqtt3 "%s": an event of topic "%s" was not handled, %s: %s',
                self._name,
                held.topic,
                "and comes again after the next connection" if given_up else "and comes again",
                outcome.reason if isinstance(outcome, Rejected) else "nobody answered",
            )
            if given_up:
                await asyncio.get_running_loop().create_future()
            attempt += 1
            await asyncio.sleep(PAUSE.total_seconds())

    def _initialised(self) -> tuple[MQTTBindingSettings, MQTTConnection]:
        if self._opened is None:
            raise _not_initialised()
        return self._opened


def _not_initialised() -> ComponentError:
    return InitError("bindings.mqtt3 was not initialised: await init first")
