"""What users write, for type checkers: the README's programs and one of each kind. Checked, never run."""

# ruff: noqa: ARG002, T201  they show what can be written, and do little with it

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from opentelemetry.trace import TracerProvider

from pluggable import (
    NO_METADATA,
    Accepted,
    ComponentServer,
    Delivery,
    ETagMismatchError,
    InputBinding,
    Metadata,
    NotFoundError,
    OutputBinding,
    PubSub,
    Rejected,
    SecretStore,
    Unanswered,
    bindings,
    pubsub,
    secretstores,
    serve,
    setting,
    state,
)
from pluggable.logs import CallFields
from pluggable.serving.otel import OpenTelemetry
from pluggable.state import DeleteRequest, SetRequest, Transactional
from pluggable.testing import connected


class Shelf(state.StateStore, state.ETagged):
    async def init(self, metadata: Metadata) -> None:
        self.kept: dict[str, state.GetResponse] = {}
        self.etags = itertools.count(1)

    async def get(self, request: state.GetRequest) -> state.GetResponse | None:
        return self.kept.get(request.key)

    async def set(self, request: state.SetRequest) -> None:
        self.check(request)
        self.kept[request.key] = state.GetResponse(data=request.value, etag=str(next(self.etags)))

    async def delete(self, request: state.DeleteRequest) -> None:
        self.check(request)
        self.kept.pop(request.key, None)

    def check(self, request: state.SetRequest | state.DeleteRequest) -> None:
        request.check(self.kept[request.key].etag if request.key in self.kept else None)


class Board(pubsub.PubSub):
    async def init(self, metadata: Metadata) -> None:
        self.queues: defaultdict[str, asyncio.Queue[pubsub.Message]] = defaultdict(asyncio.Queue)

    async def publish(self, request: pubsub.PublishRequest) -> None:
        self.queues[request.topic].put_nowait(pubsub.Message(data=request.data, topic=request.topic))

    async def subscribe(self, topic: pubsub.Topic, deliver: Delivery[pubsub.Message]) -> None:
        deliver.ready()
        while True:
            message = await self.queues[topic.name].get()
            if isinstance(await deliver(message), Unanswered):
                self.queues[topic.name].put_nowait(message)


@dataclass(frozen=True)
class Settings:
    redis_host: str  # redisHost, in any case; without a default it must be given
    redis_password: str = setting(default="", secret=True)
    max_retries: int = 3
    read_timeout: timedelta = timedelta(seconds=3)


print(Metadata({"redisHost": "localhost:6379", "readTimeout": "500ms"}).parse(Settings))
print(Metadata({"maxRetries": "many"}).parse(Settings))


async def test_stale_etag_is_refused() -> None:
    async with connected(Shelf) as shelf:
        await shelf.set(SetRequest(key="greeting", value=b"hello"))

        with pytest.raises(ETagMismatchError, match="is at 1, not 7"):
            await shelf.set(SetRequest(key="greeting", value=b"goodbye", etag="7"))


class Ledger(Shelf, Transactional):
    """A store with a capability more."""

    async def transact(
        self, operations: Sequence[SetRequest | DeleteRequest], metadata: Mapping[str, str] = NO_METADATA
    ) -> None:
        for operation in operations:
            if isinstance(operation, SetRequest):
                await self.set(operation)
            else:
                await self.delete(operation)


class Broker(PubSub):
    """A broker whose messages come from somewhere."""

    def __init__(self, source: AsyncIterator[bytes]) -> None:
        self.source = source

    async def init(self, metadata: Metadata) -> None:
        self.settings = metadata.parse(Settings)
        retries: int = self.settings.max_retries
        assert retries >= 0

    async def publish(self, request: pubsub.PublishRequest) -> None:
        data: bytes = request.data
        assert data

    async def subscribe(self, topic: pubsub.Topic, deliver: Delivery[pubsub.Message]) -> None:
        async for data in self.source:
            match await deliver(pubsub.Message(data=data, topic=topic.name)):
                case Accepted():
                    continue
                case Rejected(reason):
                    print(reason.upper())
                case Unanswered():
                    return


class Doorbell(InputBinding, OutputBinding):
    """Both bindings in one class."""

    operations = ("create",)

    async def read(self, deliver: Delivery[bindings.Event]) -> None:
        outcome = await deliver(bindings.Event(data=b"ring"))
        if isinstance(outcome, Accepted):
            answer: bytes = outcome.data
            assert answer

    async def invoke(self, request: bindings.InvokeRequest) -> bindings.InvokeResponse:
        return bindings.InvokeResponse(data=request.operation.encode())


class Vault(SecretStore):
    """A store of secrets."""

    async def get(self, request: secretstores.GetRequest) -> Mapping[str, str]:
        raise NotFoundError(request.key)

    async def bulk_get(self, metadata: Mapping[str, str] = NO_METADATA) -> Mapping[str, Mapping[str, str]]:
        return {}


def program() -> None:
    """Serve classes, and functions that make an object."""
    serve({"shelf": Shelf, "house": [Doorbell, Vault]}, folder=Path("sockets"), drain_seconds=5.0)


def observed_program(tracers: TracerProvider) -> None:
    """Serve with logging and telemetry of one's own."""
    handler = logging.StreamHandler()
    handler.addFilter(CallFields())
    handler.setFormatter(logging.Formatter("%(component)s %(component_instance)s %(method)s %(message)s"))
    logging.getLogger().addHandler(handler)
    serve({"shelf": Shelf}, telemetry=OpenTelemetry(tracer_provider=tracers))


async def server(source: AsyncIterator[bytes]) -> dict[str, Path]:
    """Serve inside a program of one's own."""
    async with ComponentServer({"mine": lambda: Broker(source)}) as serving:
        return serving.sockets


async def far_ends() -> tuple[state.StateStore, SecretStore, OutputBinding]:
    """What a test gets has the type of what it serves."""
    async with connected(Shelf) as shelf, connected(Vault) as vault, connected(Doorbell) as doorbell:
        answer: state.GetResponse | None = await shelf.get(state.GetRequest(key="k"))
        assert answer is None
        return shelf, vault, doorbell
