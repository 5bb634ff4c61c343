"""A broker over a socket."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from google.protobuf.message import Message as Protobuf

from .._proto.dapr.proto.components.v1 import pubsub_pb2 as pb
from .._wire import names, pubsub as wire
from .._wire.huge import LARGE_BYTES
from ..delivery import Accepted, Delivery, Rejected
from ..errors import UnsupportedError
from ..metadata import Metadata
from ..pubsub import (
    BulkPublisher,
    BulkPublishRequest,
    FailedEntry,
    Message,
    Pausable,
    PublishRequest,
    PubSub,
    Topic,
)
from .component import RemoteComponent
from .connection import Connection
from .intake import Intake
from .pulling import Puller

_PUBLISH = names.path(names.PUBSUB, "Publish")
_BULK_PUBLISH = names.path(names.PUBSUB, "BulkPublish")
_PULL = names.path(names.PUBSUB, "PullMessages")
_PAUSE = names.path(names.PUBSUB, "Pause")
_RESUME = names.path(names.PUBSUB, "Resume")


class RemotePubSub(RemoteComponent, PubSub, BulkPublisher, Pausable):
    """A broker over a socket. Whether it publishes in bulk, ``features`` says."""

    service = names.PUBSUB

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._intake = Intake()

    @property
    def discarded(self) -> int:
        """How many answers came after the stream of their message had ended, and so counted for nothing."""
        return self._intake.discarded

    async def publish(self, request: PublishRequest) -> None:
        if len(request.data) <= LARGE_BYTES:
            await self._connection.ask(_PUBLISH, wire.publish_request_pb(request), pb.PublishResponse)
            return
        message = wire.publish_request_pb(replace(request, data=b""))
        await self._connection.ask_holding(_PUBLISH, message, "data", request.data, pb.PublishResponse)

    async def bulk_publish(self, request: BulkPublishRequest) -> Sequence[FailedEntry]:
        size = sum(len(entry.data) for entry in request.entries)
        message = await self._connection.ask_packing(
            _BULK_PUBLISH, size, wire.bulk_publish_request_pb, request, pb.BulkPublishResponse
        )
        return wire.bulk_publish_response(message)

    async def subscribe(self, topic: Topic, deliver: Delivery[Message]) -> None:
        """Deliver the topic's messages until cancelled, over as many streams as that takes."""
        await Puller(
            self._connection,
            _PULL,
            source=f'topic "{topic.name}"',
            opening=(wire.pull_request_pb(topic).SerializeToString(),),
            kind=pb.PullMessagesResponse,
            unpack=wire.pull_response,
            pack=_pack,
            deliver=deliver,
            intake=self._intake,
        ).run()

    async def pause(self) -> None:
        """
        Take no new message, whether or not the component can stop sending; what it has sent stays unanswered.

        A restart of the component does not undo it.
        """
        self._intake.pause()
        with suppress(UnsupportedError):  # components of before Dapr 1.17 do not know the call
            await self._connection.ask(_PAUSE, pb.PauseRequest(), pb.PauseResponse)

    async def resume(self) -> None:
        """Take messages again."""
        with suppress(UnsupportedError):  # as above
            await self._connection.ask(_RESUME, pb.ResumeRequest(), pb.ResumeResponse)
        self._intake.resume()

    async def drained(self) -> None:
        """Wait until every message taken is answered."""
        await self._intake.drained()

    async def left(self) -> None:
        """Wait until nobody is subscribed any more: then the connection may go, and no answer with it."""
        await self._intake.left()

    def _init_request(self, metadata: Metadata) -> tuple[Protobuf, type[Protobuf]]:
        return wire.init_request_pb(metadata), pb.PubSubInitResponse


def _pack(message_id: str, outcome: Accepted | Rejected) -> bytes:
    return wire.pull_request_pb(wire.Ack(message_id, outcome)).SerializeToString()
