"""
A broker on Kafka, in the topics, groups and headers daprd uses.

Facts: components-contrib ``pubsub/kafka/kafka.go``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pluggable import About, pubsub
from pluggable.delivery import Delivery, Outcome
from pluggable.errors import ComponentError, InitError
from pluggable.metadata import Metadata

from .connection import address_of, format_of
from .lanes import Sent
from .publisher import Publisher
from .records import NULL, Format, refuse_schema
from .retries import RetrySettings
from .settings import AUTHENTICATION
from .subscription import Subscription, Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaPubSubSettings(RetrySettings):
    """The properties of ``pubsub.kafka``."""


class KafkaPubSub(pubsub.PubSub, pubsub.BulkPublisher, pubsub.Pausable):
    """
    Topics of Kafka; the members of a consumer group share their partitions.

    A partition's messages are handled one after the other, and committed when handled. One that is rejected
    comes again, by default for ever, and what is behind it waits.
    """

    about = About(
        settings=KafkaPubSubSettings,
        title="Apache Kafka",
        description="Topics of Kafka, with the groups, keys and headers of daprd's pubsub.kafka.",
        url="https://docs.dapr.io/reference/components-reference/supported-pubsub/setup-apache-kafka/",
        authentication=AUTHENTICATION,
    )

    def __init__(self) -> None:
        self._format = Format()
        self._publisher: Publisher | None = None
        self._terms: Terms | None = None

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(KafkaPubSubSettings)
        self._format = format_of(settings)
        self._publisher = publisher = await Publisher.open(settings)
        self._terms = Terms(
            component=f'pubsub.kafka "{metadata.name}"',
            settings=settings,
            address=address_of(settings),
            known=publisher.partitions,
            repeats=settings.consume_retry_enabled is not False,
        )
        self._terms.flowing.set()

    async def close(self) -> None:
        if self._publisher is not None:
            await self._publisher.close()

    async def ping(self) -> None:
        await self._opened().ping()

    async def publish(self, request: pubsub.PublishRequest) -> None:
        publisher = self._opened()
        record = self._format.outgoing(request.data, request.metadata)
        await publisher.settled(await publisher.send(request.topic, record))

    async def bulk_publish(self, request: pubsub.BulkPublishRequest) -> Sequence[pubsub.FailedEntry]:
        publisher = self._opened()
        sent: list[tuple[str, Sent]] = []
        failed = []
        for entry in request.entries:
            # The request's metadata wins over the entry's, as in daprd's component.
            metadata = {**entry.metadata, **request.metadata}
            try:
                record = self._format.outgoing(entry.data, metadata)
                sent.append((entry.entry_id, await publisher.send(request.topic, record)))
            except ComponentError as error:
                failed.append(pubsub.FailedEntry(entry_id=entry.entry_id, error=str(error)))
        for entry_id, each in sent:
            try:
                await publisher.settled(each)
            except ComponentError as error:
                failed.append(pubsub.FailedEntry(entry_id=entry_id, error=str(error)))
        return failed

    async def subscribe(self, topic: pubsub.Topic, deliver: Delivery[pubsub.Message]) -> None:
        refuse_schema(topic.metadata)

        async def hand_over(record: Any) -> Outcome:
            return await deliver(
                pubsub.Message(
                    data=NULL if record.value is None else record.value,
                    topic=record.topic,
                    metadata=self._format.metadata(record),
                )
            )

        await Subscription([topic.name], self._on_terms(), hand_over).run(deliver.ready)

    async def pause(self) -> None:
        self._on_terms().flowing.clear()

    async def resume(self) -> None:
        self._on_terms().flowing.set()

    def _opened(self) -> Publisher:
        if self._publisher is None:
            raise InitError("pubsub.kafka was not initialised: await init first")
        return self._publisher

    def _on_terms(self) -> Terms:
        if self._terms is None:
            raise InitError("pubsub.kafka was not initialised: await init first")
        return self._terms
