"""
Topics that an application streams: it subscribes by a call, and answers each event on that.

Source: dapr/dapr ``pkg/api/grpc/subscribe.go``, ``pkg/runtime/pubsub/streamer``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from ...._proto.dapr.proto.runtime.v1 import appcallback_pb2, pubsub_pb2 as pb
from ...._wire.common import mapping
from ....transport import Code, ServerStream, StatusError
from ...apart import apart
from ...appchannel import Answer, TopicEvent, Verdict
from ...appchannel.callbacks import topic_event_pb
from ...resources import Origin, Rule, Subscription
from ...subscriptions import Subscriptions
from ...subscriptions.delivery import ReceiverGoneError
from ...subscriptions.reading import SubscriptionFaultError
from ...subscriptions.subscribed import SUBSCRIBED_SECONDS
from .service import Service, parsed, request_of

METHOD: Final = "SubscribeTopicEventsAlpha1"
STREAMING: Final = "STREAMING"

_INITIAL: Final = pb.SubscribeTopicEventsResponseAlpha1(
    initial_response=pb.SubscribeTopicEventsResponseInitialAlpha1()
).SerializeToString()
_ANSWERS: Final = {
    appcallback_pb2.TopicEventResponse.SUCCESS: Answer(Verdict.SUCCESS),
    appcallback_pb2.TopicEventResponse.RETRY: Answer(Verdict.RETRY, "RETRY status returned from app"),
    appcallback_pb2.TopicEventResponse.DROP: Answer(Verdict.DROP, "DROP status returned from app"),
}

R = TypeVar("R")

logger: logging.Logger = logging.getLogger(__name__)


class StreamingCalls:
    """The method by which applications stream topics."""

    def __init__(self, subscriptions: Subscriptions) -> None:
        self._subscriptions = subscriptions

    def add_to(self, service: Service) -> None:
        """Add the method."""
        service.add_stream(METHOD, self.subscribe)

    async def subscribe(self, stream: ServerStream) -> None:
        """Deliver a topic's events until the caller has enough, or the sidecar stops."""
        request = await _before(
            self._subscriptions.closing, request_of(stream, pb.SubscribeTopicEventsRequestAlpha1)
        )
        subscription = _subscription(request)
        events = EventStream(stream)
        try:
            async with self._subscriptions.streaming(subscription, events, SUBSCRIBED_SECONDS):
                logger.info("Subscribing to pubsub '%s' topic '%s'", subscription.pubsub, subscription.topic)
                await events.run(self._subscriptions.closed)
        except SubscriptionFaultError as error:
            raise StatusError(Code.INVALID_ARGUMENT, str(error)) from error
        logger.info("Unsubscribed from pubsub '%s' topic '%s'", subscription.pubsub, subscription.topic)


class EventStream:
    """
    Receives the events of one subscription for the caller of one stream.

    One that does not answer has at most ``DELIVERIES_AT_ONCE`` of them; the rest waits in the component. The
    same id may be under way twice: then the answers count in the order of the events.
    """

    def __init__(self, stream: ServerStream) -> None:
        self._stream = stream
        self._ready: asyncio.Queue[bytes] = asyncio.Queue()
        self._unanswered: dict[str, list[asyncio.Future[Answer]]] = {}
        self._ended = False

    async def deliver(self, path: str, event: TopicEvent) -> Answer:
        """Send an event and wait for its answer."""
        message = await apart(len(event.content.body), topic_event_pb, path, event)
        if self._ended:
            raise ReceiverGoneError
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._unanswered.setdefault(message.id, []).append(answer)
        try:
            response = pb.SubscribeTopicEventsResponseAlpha1(event_message=message)
            self._ready.put_nowait(response.SerializeToString())
            return await answer
        finally:
            self._forget(message.id, answer)

    async def run(self, closed: asyncio.Event) -> None:
        """
        Say that the subscription stands, then send events and take answers, until the caller leaves.

        Raises:
            StatusError: the caller said what it may not, or the sidecar stops: that ``closed``.
        """
        sending = asyncio.create_task(self._send())
        try:
            await _before(closed, self._receive())
        finally:
            self._end()
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def _send(self) -> None:
        """Send one message after the other: a call that fails tells who receives, too."""
        await self._stream.send(_INITIAL)
        while True:
            await self._stream.send(await self._ready.get())

    async def _receive(self) -> None:
        while (data := await self._stream.receive()) is not None:
            request = parsed(pb.SubscribeTopicEventsRequestAlpha1, data, self._stream.method)
            if not request.HasField("event_processed"):
                raise StatusError(Code.UNKNOWN, "duplicate initial request received")
            self._answered(request.event_processed)

    def _answered(self, processed: pb.SubscribeTopicEventsRequestProcessedAlpha1) -> None:
        waiting = self._unanswered.get(processed.id, [])
        answer = next((each for each in waiting if not each.done()), None)
        if answer is None:
            logger.warning("no event of id %s waits for an answer on its stream", processed.id)
            return
        status = processed.status.status
        unknown = Answer(Verdict.RETRY, f"unknown status returned from app: {status}")
        answer.set_result(_ANSWERS.get(status, unknown))

    def _forget(self, event_id: str, answer: asyncio.Future[Answer]) -> None:
        waiting = self._unanswered.get(event_id, [])
        if answer in waiting:
            waiting.remove(answer)
        if not waiting:
            self._unanswered.pop(event_id, None)

    def _end(self) -> None:
        self._ended = True
        for waiting in self._unanswered.values():
            for answer in waiting:
                if not answer.done():
                    answer.set_exception(ReceiverGoneError())


def _subscription(request: pb.SubscribeTopicEventsRequestAlpha1) -> Subscription:
    """Return what a stream subscribes to; its errors are those of daprd, which names no better code."""
    if not request.HasField("initial_request"):
        raise StatusError(Code.UNKNOWN, "initial request is required")
    initial = request.initial_request
    if not initial.pubsub_name:
        raise StatusError(Code.UNKNOWN, "pubsubName is required")
    if not initial.topic:
        raise StatusError(Code.UNKNOWN, "topic is required")
    return Subscription(
        pubsub=initial.pubsub_name,
        topic=initial.topic,
        rules=(Rule(path="/"),),
        metadata=mapping(initial.metadata),
        dead_letter_topic=initial.dead_letter_topic,
        kind=STREAMING,
        origin=Origin(METHOD),
    )


async def _before(event: asyncio.Event, work: Coroutine[Any, Any, R]) -> R:
    """
    Do the work unless the sidecar stops before it is done.

    Raises:
        StatusError: it does.
    """
    working, stopped = asyncio.create_task(work), asyncio.create_task(event.wait())
    try:
        await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise StatusError(Code.UNAVAILABLE, "the sidecar is stopping")
    finally:
        for task in (working, stopped):
            task.cancel()
        await asyncio.gather(working, stopped, return_exceptions=True)
