"""
A broker in Redis Streams, in the streams and groups daprd uses.

Facts: components-contrib ``pubsub/redis/redis.go``. The topic is the stream, ``consumerID`` the group
and the consumer.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from pluggable import About, pubsub
from pluggable.delivery import Delivery
from pluggable.errors import ComponentError, InitError
from pluggable.metadata import Metadata, setting

from .connection import RedisConnection
from .errors import FAILURES, error_of
from .settings import AUTHENTICATION, RedisSettings
from .stream import Left, Stream, Terms

logger = logging.getLogger(__name__)

#: How long a read of a stream waits at the server where ``readTimeout`` says nothing; then it asks again.
_BLOCK: Final = 5.0
#: So much longer an answer may take before the connection counts as dead.
_GRACE: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisPubSubSettings(RedisSettings):
    """The properties of ``pubsub.redis``."""

    consumer_id: str = setting(
        default="",
        name="consumerID",
        description="The group of subscribers; the sidecar fills in its app ID.",
        example="orders",
    )
    processing_timeout: timedelta = setting(  # noqa: RUF009  frozen
        default=timedelta(seconds=60),
        unit="ms",
        description="When a message counts as lost and is delivered again; 0 for never.",
    )
    redeliver_interval: timedelta = setting(  # noqa: RUF009  frozen
        default=timedelta(seconds=15),
        unit="ms",
        description="How often to look for lost messages; 0 for never.",
    )
    queue_depth: int = setting(default=100, description="How many messages of a topic are held here.")
    concurrency: int = setting(default=10, description="How many messages of all topics are handled at once.")
    max_len_approx: int = setting(default=0, description="About how many messages a stream keeps; 0 for all.")
    stream_ttl: timedelta = setting(  # noqa: RUF009  frozen
        default=timedelta(),
        name="streamTTL",
        unit="ms",
        description="How long a stream keeps messages; 0 for ever.",
    )

    def faults(self) -> list[str]:
        faults = RedisSettings.faults(self)
        if not self.consumer_id:
            faults.append("consumerID is missing; set it under spec.metadata where the sidecar does not")
        for name, value in (("queueDepth", self.queue_depth), ("concurrency", self.concurrency)):
            if value < 1:
                faults.append(f"{name} is {value}, wanted 1 or more")
        return faults


class RedisPubSub(pubsub.PubSub):
    """
    Topics as streams; a group of equal ``consumerID`` shares their messages.

    What was handled or rejected is acknowledged; what nobody answered stays pending in the group, and is
    delivered again: to the next subscription here at once, else after ``processingTimeout``.
    """

    about = About(
        settings=RedisPubSubSettings,
        title="Redis Streams",
        description="Topics as streams in Redis, the streams and groups that daprd's pubsub.redis uses.",
        url="https://docs.dapr.io/reference/components-reference/supported-pubsub/setup-redis-pubsub/",
        authentication=AUTHENTICATION,
    )

    def __init__(self) -> None:
        self._settings: RedisPubSubSettings | None = None
        self._publishing: RedisConnection | None = None
        self._reading: RedisConnection | None = None
        self._terms: Terms | None = None
        self._left: dict[str, Left] = {}

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(RedisPubSubSettings)
        if settings.max_len_approx > 0 and settings.stream_ttl > timedelta():
            logger.warning(
                'pubsub.redis "%s": maxLenApprox and streamTTL are both set; streamTTL has no effect',
                metadata.name,
            )
        block = settings.read_timeout.total_seconds() or _BLOCK
        self._publishing = await RedisConnection.open(settings)
        try:
            self._reading = await RedisConnection.open(settings, read_timeout=max(block, 0) + _GRACE)
        except BaseException:
            await self._publishing.close()
            raise
        self._settings = settings
        self._terms = Terms(
            component=metadata.name,
            group=settings.consumer_id.strip(),
            depth=settings.queue_depth,
            workers=settings.concurrency,
            # Below zero daprd's reads do not wait at all; here they wait a millisecond, so as not to spin.
            block=max(1, int(block * 1000)),
            lost_after=settings.processing_timeout.total_seconds(),
            look_every=settings.redeliver_interval.total_seconds(),
            room=asyncio.Semaphore(settings.concurrency),
        )

    async def close(self) -> None:
        for connection in (self._reading, self._publishing):
            if connection is not None:
                await connection.close()

    async def ping(self) -> None:
        await self._call("PING")

    async def publish(self, request: pubsub.PublishRequest) -> None:
        command: list[Any] = ["XADD", request.topic, *self._trimming(), "*", "data", request.data]
        if request.metadata:
            text = json.dumps(
                dict(request.metadata), sort_keys=True, ensure_ascii=False, separators=(",", ":")
            )
            command += ("metadata", text)
        await self._call(*command)

    async def subscribe(self, topic: pubsub.Topic, deliver: Delivery[pubsub.Message]) -> None:
        if self._reading is None or self._publishing is None or self._terms is None:
            raise _not_initialised()
        left = self._left.setdefault(topic.name, Left())
        await Stream(topic.name, self._terms, self._reading, self._publishing, left).deliver_to(deliver)

    def _trimming(self) -> tuple[Any, ...]:
        if self._settings is None:
            raise _not_initialised()
        if self._settings.max_len_approx > 0:
            return "MAXLEN", "~", self._settings.max_len_approx
        if self._settings.stream_ttl > timedelta():
            oldest = int((time.time() - self._settings.stream_ttl.total_seconds()) * 1000)
            return "MINID", "~", f"{oldest}-1"
        return ()

    async def _call(self, *command: Any) -> Any:
        if self._publishing is None:
            raise _not_initialised()
        try:
            return await self._publishing.call(*command)
        except FAILURES as error:
            raise error_of(error, self._publishing.address) from error


def _not_initialised() -> ComponentError:
    return InitError("pubsub.redis was not initialised: await init first")
