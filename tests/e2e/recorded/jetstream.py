"""
Records the consumers a daprd makes in NATS JetStream, and the messages it sends.

``DAPRD=/path/to/daprd python -m tests.e2e.recorded.jetstream VERSION`` writes ``jetstream.json``:
consumers and messages as the server has them, and what the tap of tests/backends saw clients acknowledge.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.backends.nats import NATS
from tests.backends.tap import Tap
from tests.e2e.daprds import daprd
from tests.e2e.sidecars import Sidecar, component
from tests.e2e.takers import Taker, post

FILE: Final = Path(__file__).parent / "jetstream.json"
APP_ID: Final = "app"
STREAM: Final = "shop"
#: The components by name, each of which subscribes to ``shop.<name>``.
COMPONENTS: Final[dict[str, dict[str, str]]] = {
    "plain": {},
    "durable": {
        "durableName": "d",
        "queueGroupName": "g",
        "ackWait": "20s",
        "maxDeliver": "5",
        "maxAckPending": "77",
        "name": "shop-1",
        "streamName": STREAM,
    },
    "later": {
        "deliverPolicy": "sequence",
        "startSequence": "1",
        "ackPolicy": "all",
        "flowControl": "true",
        "heartbeat": "2s",
        "memoryStorage": "true",
        "rateLimit": "1000000",
        "replicas": "1",
        "concurrencyMode": "parallel",
    },
    "since": {
        "deliverPolicy": "time",
        "startTime": "1700000000",
        "backOff": "10s,20s",
        "maxDeliver": "4",
    },
    "unheard": {"deliverPolicy": "new", "ackPolicy": "none"},
}
#: Numbers of the messages that are acknowledged: all but that of the component whose policy is none.
_ACKNOWLEDGED: Final = {1, 2, 3, 4, 6}
#: What is another in each run, or what a server says of a consumer beside what it was asked for.
_MADE_UP: Final = ("deliver_subject", "name", "metadata")


def write_components(folder: Path, port: int) -> None:
    """Write them all."""
    for name, given in COMPONENTS.items():
        component(folder, name, "pubsub.jetstream", natsURL=f"nats://127.0.0.1:{port}", **given)


def subscribe(taker: Taker) -> None:
    """Want each component's topic."""
    for name in COMPONENTS:
        taker.subscribe(name, f"{STREAM}.{name}")


async def told(running: Sidecar, tap: Tap, server: NATS) -> dict[str, Any]:
    """Publish by each component, and return what the server has of it."""
    async with server.streams() as streams:
        while len(await streams.consumers_info(STREAM)) < len(COMPONENTS):  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.05)
        for name in COMPONENTS:
            await post(running, f"publish/{name}/{STREAM}.{name}?metadata.other=x", b"an event")
        raw = f"publish/plain/{STREAM}.plain?metadata.rawPayload=true"
        await post(running, raw, b'{"id": "mine", "n": 1}')
        await post(running, raw, b'{"id": "mine", "n": 2}')  # the server knows it by its id
        await tap.until(lambda: {number for number, _ in _acknowledged(tap)} >= _ACKNOWLEDGED)
        consumers = [await _consumer(each) for each in await streams.consumers_info(STREAM)]
        last = (await streams.stream_info(STREAM)).state.last_seq
        stored = {number: await streams.get_msg(STREAM, number) for number in range(1, last + 1)}
    # A daprd's client acknowledges also where nobody waits for that.
    heard = [
        f"{stored[number].subject}: {said}"
        for number, said in sorted(set(_acknowledged(tap)))
        if stored[number].subject != f"{STREAM}.unheard"
    ]
    return {
        "consumers": sorted(consumers, key=lambda each: str(each["filter_subject"])),
        "messages": [_message(each) for each in stored.values()],
        "acknowledged": heard,
        "connections": sorted({each["name"] for said in tap.said for each in _connects(bytes(said))}),
    }


async def _consumer(info: Any) -> dict[str, Any]:
    config = info.config.as_dict()
    return {
        **{name: value for name, value in sorted(config.items()) if name not in _MADE_UP},
        "inbox": config["deliver_subject"].split(".")[0],
    }


def _message(found: Any) -> dict[str, Any]:
    """Return a message as it is stored, without what is another in each event."""
    headers = dict(found.headers or {})
    body = json.loads(found.data)
    if "specversion" in body:
        assert headers.pop("Nats-Msg-Id") == body["id"], "the server is to know an event by its id"
        body |= {"id": "", "time": "", "traceid": "", "traceparent": ""}
    return {"subject": found.subject, "headers": headers, "body": body}


def _acknowledged(tap: Tap) -> list[tuple[int, str]]:
    """
    Return the number of each message that was answered, and how.

    Source: NATS ADR-15; where to answer has the number as its sixth word, and no words are ``+ACK``.
    """
    return [
        (int(words[1].split(b".")[5]), body.decode() or "+ACK")
        for said in tap.said
        for words, body in _published(bytes(said))
        if words[1].startswith(b"$JS.ACK.")
    ]


def _connects(said: bytes) -> Iterator[dict[str, Any]]:
    for line in said.split(b"\r\n"):
        if line.startswith(b"CONNECT "):
            yield json.loads(line.removeprefix(b"CONNECT "))


def _published(said: bytes) -> Iterator[tuple[list[bytes], bytes]]:
    """Yield the words of each PUB and HPUB, and all that they carry."""
    while b"\r\n" in said:
        line, said = said.split(b"\r\n", 1)
        words = line.split()
        if words and words[0].upper() in (b"PUB", b"HPUB"):
            size = int(words[-1])
            yield words, said[:size]
            said = said[size + 2 :]


async def record(folder: Path) -> dict[str, Any]:
    """Run a daprd, and return what it made and sent."""
    resources = folder / "resources"
    resources.mkdir()
    with NATS.running() as server:
        async with Tap.before(server.port) as tap, Taker.serving() as taker, server.streams() as streams:
            await streams.add_stream(name=STREAM, subjects=[f"{STREAM}.>"])
            write_components(resources, tap.port)
            subscribe(taker)
            async with daprd(resources, APP_ID, taker.port) as running:
                return await told(running, tap, server)


def main() -> None:
    """Write the file, and into it by whom and how it was written."""
    with tempfile.TemporaryDirectory() as folder:
        made = asyncio.run(record(Path(folder)))
    by = f"daprd {sys.argv[1]}, to NATS: python -m tests.e2e.recorded.jetstream"
    FILE.write_text(json.dumps({"by": by, **made}, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
