"""Publishing over gRPC."""

from __future__ import annotations

from .... import pubsub
from ...._proto.dapr.proto.runtime.v1 import pubsub_pb2 as pb
from ...._wire.common import mapping
from ....metadata import NO_METADATA
from ....transport import ServerCall
from ...blocks.publish import Publishing
from ..trace import of_call
from .service import Service


class PublishCalls:
    """The methods for publishing."""

    def __init__(self, block: Publishing) -> None:
        self._block = block

    def add_to(self, service: Service) -> None:
        """Add the methods."""
        service.add("PublishEvent", pb.PublishEventRequest, self.publish)
        service.add("BulkPublishEvent", pb.BulkPublishRequest, self.publish_many)
        service.add("BulkPublishEventAlpha1", pb.BulkPublishRequest, self.publish_many)

    async def publish(self, request: pb.PublishEventRequest, call: ServerCall) -> None:
        """Publish one message; a raw one has its trace beside it."""
        target = self._block.target(request.pubsub_name, request.topic, mapping(request.metadata))
        trace = of_call(call.metadata)
        extra = {"traceid": trace.parent, "tracestate": trace.state} if target.raw else NO_METADATA
        await target.publish(request.data, request.data_content_type, trace, extra)

    async def publish_many(self, request: pb.BulkPublishRequest, call: ServerCall) -> pb.BulkPublishResponse:
        """Publish messages and answer with those that failed."""
        target = self._block.target(request.pubsub_name, request.topic, mapping(request.metadata))
        entries = [
            pubsub.BulkEntry(
                entry_id=entry.entry_id,
                data=entry.event,
                content_type=entry.content_type,
                metadata=mapping(entry.metadata),
            )
            for entry in request.entries
        ]
        failed = await target.publish_many(entries, of_call(call.metadata))
        return pb.BulkPublishResponse(
            failedEntries=[
                pb.BulkPublishResponseFailedEntry(entry_id=entry.entry_id, error=entry.error)
                for entry in failed
            ]
        )
