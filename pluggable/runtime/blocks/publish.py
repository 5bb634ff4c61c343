"""Publishing: topics an application may use, messages in their envelope, one or many."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ... import pubsub
from ...errors import ComponentError
from ...metadata import NO_METADATA
from .. import cloudevents
from ..apart import HUGE_BYTES, apart, far_apart
from ..components.catalog import Catalog, Loaded
from ..config import RuntimeConfig
from ..errors import (
    CloudEventError,
    EntryError,
    PublishFailedError,
    PublishMetadataError,
    PubSubNameEmptyError,
    PubSubNotFoundError,
    TopicEmptyError,
    TopicForbiddenError,
)
from ..gotext import parse_bool
from ..telemetry import Telemetry
from ..traffic import MessageTraffic
from .expiry import expiration
from .scopes import TopicScopes, topic_prefix

#: How many messages of a bulk publish are on their way at once where the broker has no bulk of its own.
PARALLEL_MESSAGES = 100


@dataclass(frozen=True, slots=True)
class Trace:
    """Where a message comes from, as W3C trace context."""

    parent: str = cloudevents.NO_TRACE
    state: str = ""


NO_TRACE_CONTEXT = Trace()


class Publishing:
    """The brokers by name."""

    def __init__(
        self, catalog: Catalog, config: RuntimeConfig, traffic: MessageTraffic | None = None
    ) -> None:
        self._catalog = catalog
        self._config = config
        self._traffic = traffic or MessageTraffic(Telemetry(config.app_id), config.namespace)
        self._brokers: dict[str, Broker] = {}

    def target(self, pubsub_name: str, topic: str, metadata: Mapping[str, str] = NO_METADATA) -> Target:
        """
        Return where messages for this topic go, with the metadata of the request.

        Raises:
            PublishingError: there is no such broker, no topic, or the metadata is faulty.
            TopicForbiddenError: the scopes keep the application from it.
        """
        if not pubsub_name:
            raise PubSubNameEmptyError(metadata)
        broker = self._broker(pubsub_name)
        if not topic:
            raise TopicEmptyError(pubsub_name, metadata)
        raw = _raw(pubsub_name, metadata)
        if not broker.scopes.allows(topic):
            raise TopicForbiddenError(pubsub_name, topic, self._config.app_id)
        return Target(broker, topic, metadata, self._traffic, raw=raw)

    def _broker(self, name: str) -> Broker:
        loaded = self._catalog.pubsub.get(name)
        if loaded is None:
            self._brokers.pop(name, None)
            raise PubSubNotFoundError(name)
        broker = self._brokers.get(name)
        if broker is None or broker.loaded is not loaded:
            broker = self._brokers[name] = Broker(name, loaded, self._config)
        return broker


class Broker:
    """What is known of one broker before any message."""

    def __init__(self, name: str, loaded: Loaded[pubsub.PubSub], config: RuntimeConfig) -> None:
        self.name = name
        self.loaded = loaded
        self.component: pubsub.PubSub = loaded.component
        self.app_id: str = config.app_id
        self.scopes: TopicScopes = TopicScopes.of(loaded.properties, config.app_id, "publishingScopes")
        self.topic_prefix: str = topic_prefix(loaded, config)
        self.expires_itself: bool = "MESSAGE_TTL" in loaded.component.features


class Target:
    """One topic of one broker, open to the application."""

    def __init__(
        self, broker: Broker, topic: str, metadata: Mapping[str, str], traffic: MessageTraffic, *, raw: bool
    ) -> None:
        self.broker = broker
        self.topic = topic
        self.raw = raw
        self._metadata = metadata
        self.traffic = traffic

    async def publish(
        self, data: bytes, content_type: str, trace: Trace, extra: Mapping[str, str] = NO_METADATA
    ) -> None:
        """
        Publish one message; ``extra`` goes to the broker beside the request's metadata.

        Raises:
            CloudEventError: the data is not what its content type says.
            PublishFailedError: the broker did not take it.
        """
        payload = data
        if not self.raw:
            around = self._around(content_type, self._metadata, trace)
            payload = await far_apart(len(data), enveloped, data, *around)
        metadata = {**self._metadata, **extra} if extra else self._metadata
        try:
            await self.broker.component.publish(self._request(payload, metadata))
        except ComponentError as error:
            self.traffic.published(self.broker.name, self.topic, success=False)
            raise PublishFailedError(self.broker.name, self.topic, error) from error
        self.traffic.published(self.broker.name, self.topic, success=True)

    async def publish_many(
        self, entries: Sequence[pubsub.BulkEntry], trace: Trace
    ) -> Sequence[pubsub.FailedEntry]:
        """
        Publish the messages, in any order, and return those that failed.

        An entry with metadata of its own has the request's too. Raises as ``publish`` does, where all
        failed for one reason.
        """
        size = 0 if self.raw else sum(len(entry.data) for entry in entries)
        huge = {} if size <= HUGE_BYTES else await self._huge(entries, trace)
        ready = await apart(size, self._prepared, entries, trace, huge)
        name, topic, traffic = self.broker.name, self.topic, self.traffic
        try:
            failures = await self._together(ready)
        except ComponentError as error:
            traffic.published_together(name, topic, success=False, messages=0)
            raise PublishFailedError(name, topic, error) from error
        taken = len(ready) - len(failures)
        traffic.published_together(name, topic, success=not failures, messages=taken)
        return failures

    async def _together(self, ready: Sequence[pubsub.BulkEntry]) -> Sequence[pubsub.FailedEntry]:
        component = self.broker.component
        if not isinstance(component, pubsub.BulkPublisher) or "BULK_PUBSUB" not in component.features:
            return await self._one_by_one(ready)
        request = pubsub.BulkPublishRequest(
            topic=self.broker.topic_prefix + self.topic,
            entries=ready,
            pubsub_name=self.broker.name,
            metadata=self._metadata,
        )
        return await component.bulk_publish(request)

    async def _huge(self, entries: Sequence[pubsub.BulkEntry], trace: Trace) -> dict[str, bytes]:
        """Return the events of the entries that are so large, by their ids."""
        return {
            entry.entry_id: await far_apart(
                len(entry.data),
                enveloped,
                entry.data,
                *self._around(entry.content_type, self._entry_metadata(entry), trace),
            )
            for entry in entries
            if len(entry.data) > HUGE_BYTES
        }

    def _entry_metadata(self, entry: pubsub.BulkEntry) -> Mapping[str, str]:
        return {**self._metadata, **entry.metadata} if entry.metadata else entry.metadata

    def _prepared(
        self, entries: Sequence[pubsub.BulkEntry], trace: Trace, huge: Mapping[str, bytes]
    ) -> list[pubsub.BulkEntry]:
        seen: set[str] = set()
        ready = []
        for entry in entries:
            if not entry.entry_id or entry.entry_id in seen:
                reason = "entryId is duplicated or not present for entry"
                raise EntryError(self.broker.name, self.topic, self.broker.app_id, reason)
            seen.add(entry.entry_id)
            metadata = self._entry_metadata(entry)
            data = entry.data if self.raw else huge.get(entry.entry_id)
            if data is None:
                data = enveloped(entry.data, *self._around(entry.content_type, metadata, trace))
            ready.append(
                pubsub.BulkEntry(
                    entry_id=entry.entry_id, data=data, content_type=entry.content_type, metadata=metadata
                )
            )
        return ready

    async def _one_by_one(self, entries: Sequence[pubsub.BulkEntry]) -> list[pubsub.FailedEntry]:
        room = asyncio.Semaphore(PARALLEL_MESSAGES)

        async def failure(entry: pubsub.BulkEntry) -> pubsub.FailedEntry | None:
            async with room:
                try:
                    await self.broker.component.publish(self._request(entry.data, entry.metadata))
                except ComponentError as error:
                    return pubsub.FailedEntry(entry_id=entry.entry_id, error=str(error))
                return None

        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(failure(entry)) for entry in entries]
        return [failed for task in running if (failed := task.result()) is not None]

    def _request(self, data: bytes, metadata: Mapping[str, str]) -> pubsub.PublishRequest:
        return pubsub.PublishRequest(
            topic=self.broker.topic_prefix + self.topic,
            data=data,
            pubsub_name=self.broker.name,
            metadata=metadata,
        )

    def _around(
        self, content_type: str, metadata: Mapping[str, str], trace: Trace
    ) -> tuple[str, str, str, str, Mapping[str, str], Trace, str]:
        """Return what goes around data, as ``enveloped`` takes it."""
        broker = self.broker
        expires = "" if broker.expires_itself else expiration(broker.name, metadata)
        return content_type, self.topic, broker.name, broker.app_id, metadata, trace, expires


def enveloped(
    data: bytes,
    content_type: str,
    topic: str,
    pubsub_name: str,
    app_id: str,
    metadata: Mapping[str, str],
    trace: Trace,
    expires: str,
) -> bytes:
    """
    Return an event with this data; with what is huge this is done in another process.

    Raises:
        CloudEventError: the data is not what its content type says.
    """
    try:
        if cloudevents.media_type(content_type) == cloudevents.CLOUD_EVENT_TYPE:
            return cloudevents.from_event(
                data,
                topic=topic,
                pubsub=pubsub_name,
                trace_parent=trace.parent,
                trace_state=trace.state,
                expiration=expires,
            )
        return cloudevents.new_event(
            data=data,
            content_type=content_type,
            topic=topic,
            pubsub=pubsub_name,
            source=app_id,
            metadata=metadata,
            trace_parent=trace.parent,
            trace_state=trace.state,
            expiration=expires,
        )
    except ValueError as error:
        raise CloudEventError(pubsub_name, app_id, str(error)) from error


def _raw(pubsub_name: str, metadata: Mapping[str, str]) -> bool:
    value = metadata.get("rawPayload", "")
    try:
        return bool(value) and parse_bool(value)
    except ValueError as error:
        reason = f"rawPayload value must be a valid boolean: actual is '{value}'"
        raise PublishMetadataError(pubsub_name, reason, metadata) from error
