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
from pluggable.errors import ComponentError, InitError, InvalidRequestError, UnavailableError
from pluggable.metadata import Metadata, setting

from .connection import LONGEST_PAUSE, MQTTConnection
from .reach import dial
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
        self._settings: MQTTBindingSettings | None = None
        self._name = ""
        self._opening = asyncio.Lock()
        self._producer: MQTTConnection | None = None
        self._consumer: MQTTSession | None = None

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(MQTTBindingSettings)
        try:
            await dial(settings)
        except ComponentError as error:
            raise InitError(str(error)) from error
        self._settings, self._name = settings, metadata.name

    async def close(self) -> None:
        if self._producer is not None:
            await self._producer.close()

    async def ping(self) -> None:
        settings = self._initialised()
        if self._producer is not None:
            await self._producer.wait_connected()
        elif self._consumer is not None:
            await self._consumer.connection.wait_connected()
        else:
            await dial(settings)

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        settings = self._initialised()
        if request.operation not in self.operations:
            raise InvalidRequestError(f"unsupported operation {request.operation}, wanted create")
        topic = request.metadata.get("topic") or settings.topic
        producer = await self._producing(settings)
        await producer.publish(topic, request.data, qos=_QOS, retain=settings.retain)
        return InvokeResponse()

    async def read(self, deliver: Delivery[Event]) -> None:
        settings = self._initialised()
        consumer = MQTTSession(
            settings, f"{settings.consumer_id.strip()}-consumer", f'bindings.mqtt3 "{self._name}"'
        )

        async def handle(held: Held) -> None:
            await self._handle(held, deliver, settings.back_off_max_retries)

        await self._open(consumer)
        self._consumer = consumer
        try:
            await consumer.subscribe(settings.topic, _QOS, handle, ready=deliver.ready, unsubscribing=False)
        finally:
            self._consumer = None
            await consumer.close()

    async def _producing(self, settings: MQTTBindingSettings) -> MQTTConnection:
        """
        Return the connection to publish on, opened by the first call.

        Not before, as a sidecar has an instance for each direction, and of two clients with one ID the
        broker disconnects the first.
        """
        async with self._opening:
            if self._producer is None:
                client_id = f"{settings.consumer_id.strip()}-producer"
                producer = MQTTConnection(settings, client_id, lambda _message: None)
                try:
                    await producer.open()
                except InitError as error:
                    known = error.__cause__
                    raise (
                        known if isinstance(known, ComponentError) else UnavailableError(str(error))
                    ) from error
                self._producer = producer
            return self._producer

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

    def _initialised(self) -> MQTTBindingSettings:
        if self._settings is None:
            raise _not_initialised()
        return self._settings


def _not_initialised() -> ComponentError:
    return InitError("bindings.mqtt3 was not initialised: await init first")
