"""Brokers, bindings and secret stores that break one rule each, by the check that finds it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from pluggable import Delivery, Rejected
from pluggable._proto.dapr.proto.components.v1 import bindings_pb2
from pluggable._wire import names
from pluggable.bindings import Event, InvokeRequest, InvokeResponse
from pluggable.delivery import Outcome
from pluggable.errors import UnavailableError
from pluggable.metadata import NO_METADATA
from pluggable.pubsub import Message, PublishRequest, Topic
from pluggable.secretstores import GetRequest
from pluggable.transport import Code, ServerStream
from pluggable_servers.memory.pubsub import InMemoryPubSub
from tests.conformance.broken.serving import Broken, answering, status, streaming
from tests.conformance.honest import Both, Vault


class Through(Delivery[Message]):
    """Hands messages on; a subclass does something to them."""

    def __init__(self, deliver: Delivery[Message]) -> None:
        self.deliver = deliver

    async def __call__(self, message: Message) -> Outcome:
        return await self.deliver(message)

    def ready(self) -> None:
        self.deliver.ready()


class LosesSome(InMemoryPubSub):
    async def publish(self, request: PublishRequest) -> None:
        if not request.data.endswith(b"7"):
            await super().publish(request)


class TakesTextAlone(InMemoryPubSub):
    async def publish(self, request: PublishRequest) -> None:
        text = request.data.decode(errors="replace")
        await super().publish(replace(request, data=text.encode()))


class SaysAnotherTopic(InMemoryPubSub):
    async def subscribe(self, topic: Topic, deliver: Delivery[Message]) -> None:
        class Renaming(Through):
            async def __call__(self, message: Message) -> Outcome:
                return await self.deliver(replace(message, topic="another"))

        await super().subscribe(topic, Renaming(deliver))


class OneTopic(InMemoryPubSub):
    async def publish(self, request: PublishRequest) -> None:
        await super().publish(replace(request, topic="all"))

    async def subscribe(self, topic: Topic, deliver: Delivery[Message]) -> None:
        await super().subscribe(replace(topic, name="all"), deliver)


class GivesUpWhenRejected(InMemoryPubSub):
    async def subscribe(self, topic: Topic, deliver: Delivery[Message]) -> None:
        over = asyncio.Event()

        class Noting(Through):
            async def __call__(self, message: Message) -> Outcome:
                outcome = await self.deliver(message)
                if isinstance(outcome, Rejected):
                    over.set()
                return outcome

        reading = asyncio.create_task(super().subscribe(topic, Noting(deliver)))
        try:
            await over.wait()
        finally:
            reading.cancel()
            await asyncio.wait([reading])


class OneAtATime(InMemoryPubSub):
    """Publishes nothing while any message is not answered."""

    def __init__(self) -> None:
        super().__init__()
        self.answered = asyncio.Event()
        self.answered.set()

    async def publish(self, request: PublishRequest) -> None:
        await self.answered.wait()
        await super().publish(request)

    async def subscribe(self, topic: Topic, deliver: Delivery[Message]) -> None:
        answered = self.answered

        class Holding(Through):
            async def __call__(self, message: Message) -> Outcome:
                answered.clear()
                try:
                    return await self.deliver(message)
                finally:
                    answered.set()

        await super().subscribe(topic, Holding(deliver))


class OneEndEndsAll(InMemoryPubSub):
    def __init__(self) -> None:
        super().__init__()
        self.ended = False

    async def publish(self, request: PublishRequest) -> None:
        if self.ended:
            raise UnavailableError("the session is closed")
        await super().publish(request)

    async def subscribe(self, topic: Topic, deliver: Delivery[Message]) -> None:
        try:
            await super().subscribe(topic, deliver)
        finally:
            self.ended = True


async def _waits(stream: ServerStream) -> None:
    """Take whatever comes, and say nothing."""
    while await stream.receive() is not None:
        pass
    await asyncio.Event().wait()


PUBSUB: dict[str, Broken] = {
    "published-messages-arrive": Broken(LosesSome),
    "data-arrives-as-it-was": Broken(TakesTextAlone),
    "message-has-topic-and-id": Broken(SaysAnotherTopic),
    "topics-are-kept-apart": Broken(OneTopic),
    "rejected-message-stops-nothing": Broken(GivesUpWhenRejected),
    "unanswered-message-holds-up-no-topic": Broken(OneAtATime),
    "end-of-a-stream-disturbs-no-other": Broken(OneEndEndsAll),
    "bulk-publish-is-answered": Broken(
        InMemoryPubSub, answering(names.PUBSUB, "BulkPublish", status(Code.UNIMPLEMENTED, "no such method"))
    ),
    "topic-comes-first-on-a-stream": Broken(InMemoryPubSub, streaming(names.PUBSUB, "PullMessages", _waits)),
}


class DoesAnything(Both):
    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        return InvokeResponse(data=request.data)


class IsAway(Both):
    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        raise UnavailableError("the target is away")


class EndsByItself(Both):
    async def read(self, deliver: Delivery[Event]) -> None:
        await deliver(Event(data=b"the last"))


BINDINGS: dict[str, Broken] = {
    "operations-are-listed": Broken(
        Both, answering(names.OUTPUT_BINDING, "ListOperations", bindings_pb2.ListOperationsResponse())
    ),
    "unknown-operation-is-refused": Broken(DoesAnything),
    "named-operations-pass": Broken(IsAway, operations={"create": {"data": "x"}}),
    "stream-stays-open": Broken(EndsByItself),
}


class HasEmptySecrets(Vault):
    async def get(self, request: GetRequest) -> Mapping[str, str]:
        return {}


class TwoTruths(Vault):
    async def bulk_get(self, metadata: Mapping[str, str] = NO_METADATA) -> Mapping[str, Mapping[str, str]]:
        return {"one": {"one": "another"}}


class KnowsEverything(Vault):
    async def get(self, request: GetRequest) -> Mapping[str, str]:
        return {request.key: "hunter2"}


class NamesItAValue(Vault):
    async def get(self, request: GetRequest) -> Mapping[str, str]:
        return {"value": (await super().get(request))[request.key]}


SECRETSTORES: dict[str, Broken] = {
    "secret-is-answered": Broken(HasEmptySecrets),
    "bulk-get-equals-get": Broken(TwoTruths),
    "missing-secret-has-no-value": Broken(KnowsEverything),
    "simple-secret-has-its-own-name": Broken(NamesItAValue),
}
