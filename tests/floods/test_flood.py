"""
Thousands of messages over streams that are cut again and again, from a broker that requeues.

What must hold whatever happens: each message is delivered at least once, none counts as accepted that the
handler did not finish, and memory stays flat.
"""

from __future__ import annotations

import asyncio
import gc
import resource
import sys
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from pluggable import PubSub
from pluggable._proto.dapr.proto.components.v1 import pubsub_pb2 as pb
from pluggable._wire import names
from pluggable.delivery import Accepted, Delivery, Outcome, Unanswered
from pluggable.metadata import Metadata
from pluggable.pubsub import Message, PublishRequest, Topic
from pluggable.remote import Connection, RemotePubSub
from pluggable.serving.endpoint import Endpoint
from pluggable.testing.line import Line
from tests.remote.speaking import Life, Process

MESSAGES = 10_000
CUT_EVERY = 500
UNANSWERED = 100
PAYLOAD_BYTES = 8 * 1024
#: Were all payloads kept, it would be 80 MiB.
GROWTH_BYTES = 24 * 1024 * 1024

TOPIC = Topic(name="flood")


class Requeueing(PubSub):
    """A broker that delivers each number until it is accepted, and asks whether the handler had finished."""

    def __init__(self, finished: set[int]) -> None:
        self.waiting = deque(range(MESSAGES))
        self.delivered: Counter[int] = Counter()
        self.accepted: set[int] = set()
        self.wrong: list[int] = []
        self.all_accepted = asyncio.Event()
        self._finished = finished

    async def publish(self, request: PublishRequest) -> None:
        raise NotImplementedError

    async def subscribe(self, topic: Topic, deliver: Delivery[Message]) -> None:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(UNANSWERED):
                tasks.create_task(self._feed(topic, deliver))

    async def _feed(self, topic: Topic, deliver: Delivery[Message]) -> None:
        while self.waiting:
            number = self.waiting.popleft()
            outcome: Outcome = Unanswered()
            self.delivered[number] += 1
            try:
                outcome = await deliver(Message(data=payload(number), topic=topic.name))
            finally:
                self._settle(number, outcome)
        await self.all_accepted.wait()

    def _settle(self, number: int, outcome: Outcome) -> None:
        if not isinstance(outcome, Accepted):
            self.waiting.append(number)
            return
        if number not in self._finished:
            self.wrong.append(number)
        self.accepted.add(number)
        if len(self.accepted) == MESSAGES:
            self.all_accepted.set()


class Handler(Delivery[Message]):
    """Finishes messages in batches and out of order; says when it is time to cut the stream."""

    def __init__(self, finished: set[int], cut: Callable[[], Awaitable[None]]) -> None:
        self.peak_bytes: list[int] = []
        self._finished = finished
        self._cut = cut
        self._begun = 0
        self._under_way = 0
        self._together = asyncio.Event()

    async def __call__(self, message: Message) -> Outcome:
        number = int(message.data[:8])
        assert message.data == payload(number)
        self._begun += 1
        if self._begun % CUT_EVERY == 0:
            self.peak_bytes.append(peak())
            await self._cut()
        await self._in_company()
        self._finished.add(number)
        return Accepted()

    async def _in_company(self) -> None:
        """Wait until as many are under way as there may be, or nothing more comes for a moment."""
        together = self._together
        self._under_way += 1
        try:
            if self._under_way < UNANSWERED:
                async with asyncio.timeout(0.02):
                    await together.wait()
        except TimeoutError:
            pass
        finally:
            self._under_way -= 1
            together.set()
            self._together = asyncio.Event()


def payload(number: int) -> bytes:
    return f"{number:08d}".encode().ljust(PAYLOAD_BYTES, b".")


def peak() -> int:
    """Return the most memory that this process ever had, in bytes."""
    gc.collect()
    found = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return found if sys.platform == "darwin" else found * 1024


@asynccontextmanager
async def subscribed(address: str, handler: Delivery[Message]) -> AsyncIterator[None]:
    async with Connection(address, instance="orders", client="flood", init_timeout=30) as connection:
        broker = RemotePubSub(connection)
        await broker.init(Metadata({}, "orders"))
        subscription = asyncio.create_task(broker.subscribe(TOPIC, handler))
        try:
            yield
        finally:
            subscription.cancel()
            await asyncio.wait([subscription])


@pytest.mark.slow
async def test_no_message_is_lost_over_cut_streams(socket_folder: Path) -> None:
    finished: set[int] = set()
    broker = Requeueing(finished)
    path = socket_folder / "broker.sock"
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(Endpoint("broker", lambda: broker, path))
        line = await stack.enter_async_context(Line(socket_folder / "line.sock", to=path))

        async def cut() -> None:
            line.cut()

        handler = Handler(finished, cut)
        await stack.enter_async_context(subscribed(line.address, handler))
        async with asyncio.timeout(240):
            await broker.all_accepted.wait()

    assert set(broker.delivered) == set(range(MESSAGES))
    assert broker.wrong == []
    assert broker.delivered.total() > MESSAGES, "the cuts were not felt"
    assert len(handler.peak_bytes) >= MESSAGES // CUT_EVERY
    assert handler.peak_bytes[-1] - handler.peak_bytes[3] < GROWTH_BYTES


class Forgetful(Life):
    """Lives of a process that numbers its messages from 0 in every life, so that ids come again."""

    def __init__(self, waiting: deque[int]) -> None:
        super().__init__()
        self.services = (names.PUBSUB,)
        self.features = ()
        self.waiting = waiting
        self.pending: dict[str, int] = {}
        self.accepted: list[int] = []
        self.done = asyncio.Event()

    async def serve(self) -> None:
        """Feed the stream of this life until nothing is left."""
        pulled = await self.streams.get()
        await pulled.answers.get()  # names the topic
        ids = 0
        while self.waiting or self.pending:
            while self.waiting and len(self.pending) < UNANSWERED:
                number = self.waiting.popleft()
                self.pending[str(ids)] = number
                await pulled.send(
                    pb.PullMessagesResponse(data=payload(number), topic_name="flood", id=str(ids))
                )
                ids += 1
            answer = pb.PullMessagesRequest.FromString(await pulled.answers.get())
            assert not answer.HasField("ack_error")
            self.accepted.append(self.pending.pop(answer.ack_message_id))
        self.done.set()


@pytest.mark.slow
async def test_no_answer_goes_to_a_reused_id(socket_folder: Path) -> None:
    finished: set[int] = set()
    waiting = deque(range(MESSAGES))
    process = Process(socket_folder / "mine.sock")
    accepted: set[int] = set()
    wrong: list[int] = []
    restart = asyncio.Event()

    async def ask_for_a_restart() -> None:
        restart.set()

    handler = Handler(finished, ask_for_a_restart)
    await process.live(first := Forgetful(waiting))
    life = first
    async with subscribed(process.address, handler), asyncio.timeout(240):
        while True:
            serving = asyncio.create_task(life.serve())
            asked = asyncio.create_task(restart.wait())
            await asyncio.wait([serving, asked], return_when=asyncio.FIRST_COMPLETED)
            for task in (serving, asked):
                task.cancel()
            await asyncio.gather(serving, asked, return_exceptions=True)
            wrong += [number for number in life.accepted if number not in finished]
            accepted |= set(life.accepted)
            if life.done.is_set():
                break
            await process.die()
            restart.clear()
            waiting.extend(life.pending.values())
            life = Forgetful(waiting)
            await process.live(life)
    await process.die()

    assert accepted == set(range(MESSAGES))
    assert wrong == []
