"""One flood: who publishes, who consumes, and who is killed when."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pluggable.bindings import InvokeRequest, OutputBinding
from pluggable.component import Component
from pluggable.errors import ComponentError
from pluggable.metadata import Metadata
from pluggable.pubsub import PublishRequest, PubSub
from tests.backends.server import Server

from .consumer import Order
from .ledger import Ledger

ROOT: Final = Path(__file__).parents[2]
#: A publisher that was refused asks again after so many seconds, as an application would.
REPEAT_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is published, and what goes wrong meanwhile."""

    messages: int = 5000
    kills: int = 3
    """SIGKILLs of the consumer, spread over the messages."""
    restarts: int = 1
    """Restarts of the broker, spread over the messages."""
    abrupt: bool = False
    """Whether the broker is killed, and not stopped in good order."""
    lanes: int = 16
    """So many publish at once; 1 where order counts."""
    poison: int = 0
    """Every so manyth message is rejected, whenever it comes; 0 for none."""
    handling_seconds: float = 0.002
    metadata: Mapping[str, str] = field(default_factory=dict)
    """The subscription's."""
    publisher: Mapping[str, str] = field(default_factory=dict)
    """Properties that the publisher has in place of the consumers'."""
    patience_seconds: float = 400.0


async def flood(
    kind: type[Component], properties: Mapping[str, str], server: Server, plan: Plan, topic: str = "flood"
) -> Ledger:
    """
    Publish messages 1 to N and return what became of them, once each is handled or rejected.

    A binding is invoked with ``create``; it ignores the topic.

    Raises:
        TimeoutError: some never were; the text says which.
    """
    ledger = Ledger()
    order = Order(
        component=f"{kind.__module__}:{kind.__qualname__}",
        properties=dict(properties),
        topic=topic,
        metadata=dict(plan.metadata),
        handling_seconds=plan.handling_seconds,
        poison=plan.poison,
    )
    publisher = kind()
    await publisher.init(Metadata({**properties, **plan.publisher}, "flood"))
    try:
        async with asyncio.timeout(plan.patience_seconds), asyncio.TaskGroup() as tasks:
            subscribed = asyncio.Event()
            tasks.create_task(_consumers(order, plan, ledger, subscribed))
            await subscribed.wait()
            tasks.create_task(_restarts(server, plan, ledger))
            numbers = iter(range(1, plan.messages + 1))
            for _ in range(plan.lanes):
                tasks.create_task(_publish(publisher, topic, numbers))
    except TimeoutError as error:
        raise TimeoutError(f"never handled: {_missing(ledger, plan)}") from error
    finally:
        await publisher.close()
    return ledger


async def _publish(publisher: Component, topic: str, numbers: Iterator[int]) -> None:
    for number in numbers:
        while True:
            try:
                await _publish_one(publisher, topic, str(number).encode())
                break
            except ComponentError:
                await asyncio.sleep(REPEAT_SECONDS)


async def _publish_one(publisher: Component, topic: str, data: bytes) -> None:
    if isinstance(publisher, PubSub):
        await publisher.publish(PublishRequest(topic=topic, data=data))
    elif isinstance(publisher, OutputBinding):
        await publisher.invoke(InvokeRequest(operation="create", data=data))


async def _restarts(server: Server, plan: Plan, ledger: Ledger) -> None:
    """Restart the broker at each of the even parts of the messages."""
    for restart in range(1, plan.restarts + 1):
        point = plan.messages * restart // (plan.restarts + 1)
        await ledger.until(lambda point=point: len(ledger.done) >= point)  # type: ignore[misc]
        if plan.abrupt:
            server.kill()
        await asyncio.to_thread(server.restart)


async def _consumers(order: Order, plan: Plan, ledger: Ledger, subscribed: asyncio.Event) -> None:
    """Let consumers follow each other, each killed at its part; the last ends in peace."""
    for life in range(1, plan.kills + 2):
        last = life == plan.kills + 1
        enough = plan.messages if last else plan.messages * life // (plan.kills + 1)
        async with consuming(order, ledger, subscribed) as process:
            await ledger.until(lambda enough=enough: len(ledger.done) >= enough)  # type: ignore[misc]
            if not last:
                process.kill()


@asynccontextmanager
async def consuming(
    order: Order, ledger: Ledger, subscribed: asyncio.Event
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that consumes, whose lines all stand in the ledger when this ends."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from tests.delivery.consumer import run; run()"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(order.written())
    reading = asyncio.create_task(_read(process.stdout, ledger, subscribed))
    try:
        yield process
        process.stdin.close()
        await reading
        await process.wait()
    finally:
        reading.cancel()
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _read(output: asyncio.StreamReader, ledger: Ledger, subscribed: asyncio.Event) -> None:
    async for line in output:
        if line == b"ready\n":
            subscribed.set()
        elif line.endswith(b"\n"):  # a kill may leave half a line
            ledger.enter(line.decode().strip())


def _missing(ledger: Ledger, plan: Plan) -> list[int]:
    return sorted({*range(1, plan.messages + 1)} - ledger.done)[:20]
