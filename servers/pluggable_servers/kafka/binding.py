"""
A binding to topics of Kafka: events from some, and calls that publish to one.

Facts: components-contrib ``bindings/kafka/kafka.go``.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any, Final

from pluggable import About, bindings
from pluggable.delivery import Delivery, Outcome
from pluggable.errors import InitError, InvalidRequestError
from pluggable.metadata import Metadata, setting

from .connection import address_of, format_of
from .publisher import Publisher
from .records import NULL, Format
from .retries import RetrySettings
from .settings import AUTHENTICATION
from .subscription import Subscription, Terms

logger = logging.getLogger(__name__)

_OPERATIONS: Final = {"create": "Publishes the data to publishTopic, with the metadata as headers."}


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaBindingSettings(RetrySettings):
    """The properties of ``bindings.kafka``."""

    publish_topic: str = setting(default="", description="Where create publishes to.", example="orders")
    topics: tuple[str, ...] = setting(
        default=(), description="Where events come from; without any there are none.", example="orders,bills"
    )

    def _consumes(self) -> bool:
        return bool(self.topics)


class KafkaBinding(bindings.InputBinding, bindings.OutputBinding):
    """
    Events are the messages of ``topics``, one after the other in each partition; ``create`` publishes.

    A message that is rejected is left, unless ``consumeRetryEnabled`` says that it comes again.
    """

    about = About(
        settings=KafkaBindingSettings,
        title="Apache Kafka",
        description="Events from topics of Kafka, and calls that publish, as daprd's bindings.kafka.",
        url="https://docs.dapr.io/reference/components-reference/supported-bindings/kafka/",
        operations=_OPERATIONS,
        authentication=AUTHENTICATION,
    )
    operations = tuple(_OPERATIONS)

    def __init__(self) -> None:
        self._format = Format()
        self._settings: KafkaBindingSettings | None = None
        self._publisher: Publisher | None = None
        self._terms: Terms | None = None

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(KafkaBindingSettings)
        self._format = format_of(settings)
        self._publisher = publisher = await Publisher.open(settings)
        self._settings = settings
        self._terms = Terms(
            component=f'bindings.kafka "{metadata.name}"',
            settings=settings,
            address=address_of(settings),
            known=publisher.partitions,
            repeats=settings.consume_retry_enabled is True,
        )
        self._terms.flowing.set()

    async def close(self) -> None:
        if self._publisher is not None:
            await self._publisher.close()

    async def ping(self) -> None:
        if self._publisher is None:
            raise _not_initialised()
        await self._publisher.ping()

    async def invoke(self, request: bindings.InvokeRequest) -> bindings.InvokeResponse:
        if self._publisher is None or self._settings is None:
            raise _not_initialised()
        if request.operation not in self.operations:
            raise InvalidRequestError(f'bindings.kafka has no operation "{request.operation}", only create')
        if not self._settings.publish_topic:
            raise InvalidRequestError("publishTopic is missing; set it under spec.metadata to publish")
        record = self._format.outgoing(request.data, request.metadata)
        await self._publisher.settled(await self._publisher.send(self._settings.publish_topic, record))
        return bindings.InvokeResponse()

    async def read(self, deliver: Delivery[bindings.Event]) -> None:
        if self._terms is None or self._settings is None:
            raise _not_initialised()
        if not self._settings.topics:
            logger.warning("%s: topics is not set, so no events come", self._terms.component)
            await asyncio.get_running_loop().create_future()

        async def hand_over(record: Any) -> Outcome:
            return await deliver(
                bindings.Event(
                    data=NULL if record.value is None else record.value,
                    metadata=self._format.metadata(record),
                )
            )

        await Subscription(self._settings.topics, self._terms, hand_over).run(deliver.ready)


def _not_initialised() -> InitError:
    return InitError("bindings.kafka was not initialised: await init first")
