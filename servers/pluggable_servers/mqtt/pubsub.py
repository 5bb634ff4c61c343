"""
A broker of MQTT 3, with the topics and the client that daprd uses.

Facts: components-contrib ``pubsub/mqtt3/mqtt.go``. The message is the payload, and nothing else is sent.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from pluggable import About, pubsub
from pluggable.delivery import Accepted, Delivery, Rejected
from pluggable.errors import ComponentError, InitError, InvalidRequestError
from pluggable.metadata import Metadata, parse_bool, setting

from .session import Held, MQTTSession
from .settings import AUTHENTICATION, MQTTSettings

logger = logging.getLogger(__name__)

#: A message that was not handled comes again after a pause that grows from one to the other, in seconds.
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0
_HIGHEST_QOS: Final = 2
#: What a request may say of retaining, as strconv.ParseBool takes it.
_TRUE: Final = ("1", "t", "T", "TRUE", "true", "True")
_FALSE: Final = ("0", "f", "F", "FALSE", "false", "False")


@dataclass(frozen=True, slots=True, kw_only=True)
class MQTTPubSubSettings(MQTTSettings):
    """The properties of ``pubsub.mqtt3``."""

    qos: int = setting(
        default=1,
        description="0 for at most once, 1 for at least once, 2 for exactly once as far as the broker.",
    )

    def faults(self) -> list[str]:
        faults = MQTTSettings.faults(self)
        if not 0 <= self.qos <= _HIGHEST_QOS:
            faults.append(f"qos is {self.qos}, wanted 0, 1 or 2")
        return faults


class MQTTPubSub(pubsub.WildcardTopics, pubsub.PubSub):
    """
    Topics of a broker; each ``consumerID`` is a client that gets all messages, unless of ``$share/…``.

    What was handled is acknowledged. What was not comes again after a pause, and when the component is closed
    it is the broker's again, for the next client of this ID.

    For a client that is away the broker keeps as much as it is set to, Mosquitto by ``max_queued_messages``,
    and drops the rest. The publisher does not learn of that: MQTT 3.1.1 has no word for it in its answers.
    """

    about = About(
        settings=MQTTPubSubSettings,
        title="MQTT 3",
        description="Topics of an MQTT broker, versions 3.1.1 and 3.1, as daprd's pubsub.mqtt3 uses them.",
        url="https://docs.dapr.io/reference/components-reference/supported-pubsub/setup-mqtt3/",
        authentication=AUTHENTICATION,
    )

    def __init__(self) -> None:
        self._opened: tuple[MQTTPubSubSettings, MQTTSession] | None = None
        self._name = ""

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(MQTTPubSubSettings)
        self._name = metadata.name
        session = MQTTSession(settings, settings.consumer_id.strip(), f'pubsub.mqtt3 "{metadata.name}"')
        await session.open()
        self._opened = settings, session

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened[1].close()

    async def ping(self) -> None:
        _, session = self._initialised()
        await session.connection.wait_connected()

    async def publish(self, request: pubsub.PublishRequest) -> None:
        settings, session = self._initialised()
        retain = settings.retain
        if text := request.metadata.get("retain"):
            if text not in (*_TRUE, *_FALSE):
                raise InvalidRequestError(f'retain is "{text}", wanted true or false')
            retain = text in _TRUE
        await session.connection.publish(request.topic, request.data, qos=settings.qos, retain=retain)

    async def subscribe(self, topic: pubsub.Topic, deliver: Delivery[pubsub.Message]) -> None:
        settings, session = self._initialised()

        async def handle(held: Held) -> None:
            await self._handle(held, deliver)

        await session.subscribe(
            topic.name,
            settings.qos,
            handle,
            ready=deliver.ready,
            # Else the broker goes on to keep messages for this client, which are there when it is back.
            unsubscribing=settings.clean_session or parse_bool(topic.metadata.get("unsubscribeOnClose", "")),
        )

    async def _handle(self, held: Held, deliver: Delivery[pubsub.Message]) -> None:
        """Deliver a message until it is handled."""
        message = pubsub.Message(
            data=held.data,
            topic=held.topic,
            metadata={"retained": "true" if held.retained else "false"},
        )
        pause = FIRST_PAUSE
        while not isinstance(outcome := await deliver(message), Accepted):
            reason = outcome.reason if isinstance(outcome, Rejected) else "nobody answered"
            logger.warning(
                'pubsub.mqtt3 "%s": a message to topic "%s" comes again in %g s: %s',
                self._name,
                held.topic,
                pause,
                reason,
            )
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _initialised(self) -> tuple[MQTTPubSubSettings, MQTTSession]:
        if self._opened is None:
            raise _not_initialised()
        return self._opened


def _not_initialised() -> ComponentError:
    return InitError("pubsub.mqtt3 was not initialised: await init first")
