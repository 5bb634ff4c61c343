"""
Records what a daprd's RabbitMQ components declare, consume and send.

``DAPRD=/path/to/daprd python -m tests.e2e.recorded.rabbitmq VERSION`` writes ``rabbitmq.json``: the
methods of AMQP that its connections called, seen by the tap of tests/backends, but for names made up.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pamqp import commands, exceptions, frame, header
from pamqp.body import ContentBody

from tests.backends.rabbitmq import RabbitMQ
from tests.backends.tap import Tap
from tests.e2e.daprds import daprd
from tests.e2e.recorded.events import shown
from tests.e2e.sidecars import Sidecar, component
from tests.e2e.takers import Taker, post

FILE: Final = Path(__file__).parent / "rabbitmq.json"
APP_ID: Final = "app"
_DECLARING: Final = (commands.Exchange.Declare, commands.Queue.Declare, commands.Queue.Bind)
_MADE_UP: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: What ours bounds with where a component bounds nothing, as a daprd does not.
_UNBOUNDED: Final = 500
_QUERY: Final = "metadata.correlationID=c&metadata.priority=3&metadata.ttlInSeconds=60&metadata.messageID=m"
_MESSAGES: Final = 7
_CONSUMERS: Final = 6


def write_components(folder: Path, port: int) -> None:
    """Write brokers and queues, some as one has them, and some with all that can be asked for."""
    url = f"amqp://guest:guest@127.0.0.1:{port}/"
    component(folder, "plain", "pubsub.rabbitmq", connectionString=url)
    component(
        folder,
        "events",
        "pubsub.rabbitmq",
        connectionString=url,
        consumerID="shop",
        enableDeadLetter="true",
        maxLen="1000",
        maxLenBytes="100000",
        deletedWhenUnused="false",
        deliveryMode="2",
        prefetchCount="7",
        clientName="shop-1",
        ttlInSeconds="600",
    )
    component(
        folder,
        "routed",
        "pubsub.rabbitmq",
        connectionString=url,
        consumerID="routes",
        durable="false",
        exchangeKind="topic",
        publisherConfirm="true",
    )
    component(
        folder,
        "work",
        "bindings.rabbitmq",
        host=url,
        queueName="work",
        durable="true",
        ttlInSeconds="600",
        maxPriority="5",
        prefetchCount="3",
    )
    component(folder, "brief", "bindings.rabbitmq", host=url, queueName="brief", deleteWhenUnused="true")


def subscribe(taker: Taker) -> None:
    """Want what is published below, and from queues of each kind."""
    taker.subscribe("plain", "news")
    taker.subscribe("events", "orders")
    taker.subscribe("events", "bills", queueType="quorum", queueName="my-bills", singleActiveConsumer="true")
    taker.subscribe("routed", "places", routingKey="eu.*,us.#", maxPriority="9")


async def told(running: Sidecar, tap: Tap) -> dict[str, Any]:
    """Publish by each component, and return what all called, to the end of the sidecar."""
    await tap.until(lambda: len(methods(tap)["consumes"]) >= _CONSUMERS)
    await post(running, "publish/plain/news", b"an event")
    await post(running, "publish/events/orders", b"an event")
    await post(running, f"publish/events/orders?metadata.rawPayload=true&{_QUERY}", b'{"n": 1}')
    await post(running, "publish/routed/places?metadata.routingKey=us.tx.1&metadata.type=t", b"an event")
    call = {"operation": "create", "data": {"n": 1}, "metadata": {"Key one": "v", "priority": "2"}}
    await post(running, "bindings/work", call)
    more = {"ttlInSeconds": "30", "type": "t", "contentType": "application/json", "messageID": "m"}
    await post(running, "bindings/work", {**call, "metadata": more})
    await post(running, "bindings/brief", {**call, "metadata": {}})
    await tap.until(lambda: methods(tap)["acknowledged"] >= _MESSAGES)
    await running.end()  # with which status is for the test of ours to say
    return methods(tap)


def methods(tap: Tap) -> dict[str, Any]:
    """Return what was called, of what order does not matter sorted and once."""
    found: dict[str, Any] = {"declares": [], "consumes": [], "publishes": [], "acknowledged": 0}
    names = set()
    for said in tap.said:
        prefetched: dict[int, int] = {}
        for channel, called in _frames(bytes(said)):
            match called:
                case commands.Connection.StartOk():
                    names.add((called.client_properties or {}).get("connection_name", ""))
                case commands.Basic.Qos():
                    prefetched[channel] = called.prefetch_count or 0
                case commands.Basic.Consume():
                    found["consumes"].append(_consumer(called, prefetched.get(channel, 0)))
                case commands.Basic.Ack():
                    found["acknowledged"] += 1
                case _ if isinstance(called, _DECLARING):
                    found["declares"].append([called.name, _arguments(called)])
        found["publishes"] += _published(bytes(said))
    return {**{name: _sorted(each) for name, each in found.items()}, "connections": sorted(names - {""})}


def _frames(said: bytes) -> Iterator[tuple[int, Any]]:
    """Yield each whole frame: its channel, and the method, header or body that it carries."""
    while said:
        try:
            consumed, channel, value = frame.unmarshal(said)
        except exceptions.UnmarshalingException:
            return
        if not consumed:
            return
        yield channel, value
        said = said[consumed:]


def _arguments(called: Any) -> dict[str, Any]:
    """Return a method's arguments, but for those that mean nothing."""
    return {name: value for name, value in called if value not in (None, False, "", 0, {})}


def _consumer(called: commands.Basic.Consume, prefetched: int) -> dict[str, Any]:
    tag = _MADE_UP.sub("…", called.consumer_tag or "")
    return {
        **_arguments(called),
        "consumer_tag": tag if tag.startswith(called.queue) else "…",
        "prefetched": 0 if prefetched == _UNBOUNDED else prefetched,
    }


def _published(said: bytes) -> Iterator[dict[str, Any]]:
    """Yield messages: the method, the header and the body follow each other on a channel."""
    open_: dict[int, dict[str, Any]] = {}
    for channel, called in _frames(said):
        match called:
            case commands.Basic.Publish():
                open_[channel] = {"to": [called.exchange, called.routing_key], "mandatory": called.mandatory}
            case header.ContentHeader():
                open_[channel]["properties"] = _properties(called.properties)
            case ContentBody():
                yield {**open_.pop(channel), "body": shown(called.value or b"")}


def _properties(found: Any) -> dict[str, Any]:
    properties = _arguments(found)
    headers = {name: value for name, value in (found.headers or {}).items() if name != "traceparent"}
    properties.pop("headers", None)
    return {**properties, "headers": headers}


def _sorted(each: Any) -> Any:
    if not isinstance(each, list):
        return each
    return [json.loads(text) for text in sorted({json.dumps(one, sort_keys=True) for one in each})]


async def record(folder: Path) -> dict[str, Any]:
    """Run a daprd, and return what it called."""
    resources = folder / "resources"
    resources.mkdir()
    with RabbitMQ.running() as node:
        async with Tap.before(node.port) as tap, Taker.serving() as taker:
            write_components(resources, tap.port)
            subscribe(taker)
            async with daprd(resources, APP_ID, taker.port) as running:
                return await told(running, tap)


def main() -> None:
    """Write the file, and into it by whom and how it was written."""
    with tempfile.TemporaryDirectory() as folder:
        called = asyncio.run(record(Path(folder)))
    by = f"daprd {sys.argv[1]}, to RabbitMQ: python -m tests.e2e.recorded.rabbitmq"
    FILE.write_text(json.dumps({"by": by, "methods": called}, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
