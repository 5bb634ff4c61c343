"""
Records the packets that a daprd's MQTT components send.

``DAPRD=/path/to/daprd python -m tests.e2e.recorded.mqtt VERSION`` writes ``mqtt.json``: by client id what
each said to Mosquitto from its CONNECT to its DISCONNECT, seen by the tap of tests/backends.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.backends.mosquitto import Mosquitto
from tests.backends.tap import Tap
from tests.e2e.daprds import daprd
from tests.e2e.recorded.events import shown
from tests.e2e.sidecars import Sidecar, component
from tests.e2e.takers import Taker, post

FILE: Final = Path(__file__).parent / "mqtt.json"
APP_ID: Final = "app"
_CONNECT, _PUBLISH, _SUBSCRIBE, _DISCONNECT = 1, 3, 8, 14
#: What answers a message of the broker's; the last of QoS 2 is PUBCOMP.
_ANSWERS: Final = {4: "PUBACK", 5: "PUBREC", 7: "PUBCOMP"}


def write_components(folder: Path, port: int) -> None:
    """Write a broker as one has it, one with all that can be asked for, and a binding."""
    url = f"mqtt://127.0.0.1:{port}"
    component(folder, "events", "pubsub.mqtt3", url=url)
    component(
        folder,
        "loud",
        "pubsub.mqtt3",
        url=f"mqtt://ann:secret@127.0.0.1:{port}",
        consumerID="loud-1",
        qos="2",
        retain="true",
        cleanSession="true",
    )
    component(folder, "lamp", "bindings.mqtt3", url=url, consumerID="lamp-1", topic="lamps/+", qos="0")


def subscribe(taker: Taker) -> None:
    """Want what is published below."""
    taker.subscribe("events", "orders")
    taker.subscribe("events", "bills/+/new", unsubscribeOnClose="true", rawPayload="true")
    taker.subscribe("loud", "$share/g/bells")


async def told(running: Sidecar, tap: Tap) -> dict[str, Any]:
    """Publish by each component, and return the packets of all, to the end of the sidecar."""
    await tap.until(lambda: sum(len(each["subscribe"]) for each in packets(tap).values()) >= len(FILTERS))
    await post(running, "publish/events/orders?metadata.rawPayload=true", b'{"n": 1}')
    await post(running, "publish/events/orders?metadata.retain=true", b"an event")
    await post(running, "publish/events/bills/eu/new?metadata.rawPayload=true&metadata.ttlInSeconds=9", b"x")
    await post(running, "publish/loud/bells", b"an event")
    call = {"operation": "create", "data": {"on": True}, "metadata": {"topic": "lamps/1", "other": "x"}}
    await post(running, "bindings/lamp", call)
    await tap.until(lambda: sum(sum(each["answers"].values()) for each in packets(tap).values()) >= _ANSWERED)
    await running.end()  # with which status is for the test of ours to say
    return packets(tap)


#: What is subscribed to, and how many answers the messages above get: QoS 2 gets two.
FILTERS: Final = ("orders", "bills/+/new", "$share/g/bells", "lamps/+")
_ANSWERED: Final = 6


def packets(tap: Tap) -> dict[str, Any]:
    """
    Return what each client said, by its id.

    But for its UNSUBSCRIBE: a daprd that ends is at times gone before it says that.
    """
    found = [_client(bytes(said)) for said in tap.said if said]
    assert len({name for name, _ in found}) == len(found), found
    return dict(sorted(found, key=lambda each: each[0]))


def _client(said: bytes) -> tuple[str, dict[str, Any]]:
    name = ""
    found: dict[str, Any] = {"subscribe": [], "publish": [], "answers": {}, "left": False}
    for kind, flags, body in _split(said):
        if kind == _CONNECT:
            name, found["connect"] = _connect(body)
        elif kind == _PUBLISH:
            found["publish"].append(_publish(flags, body))
        elif kind == _SUBSCRIBE:
            # A daprd's binding at times subscribes twice.
            again = found["subscribe"]
            again += [each for each in _filters(body[2:]) if each not in again]
            again.sort()
        elif kind == _DISCONNECT:
            found["left"] = True
        elif kind in _ANSWERS:
            found["answers"][_ANSWERS[kind]] = found["answers"].get(_ANSWERS[kind], 0) + 1
    return name, found


def _split(said: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield each whole packet: kind, flags and what follows the length."""
    at = 0
    while at + 1 < len(said):
        first, at, length, shift = said[at], at + 1, 0, 0
        while at < len(said):
            length |= (said[at] & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if not said[at - 1] & 0x80:
                break
        if at + length > len(said):
            return
        yield first >> 4, first & 0x0F, said[at : at + length]
        at += length


def _text(body: bytes, at: int) -> tuple[str, int]:
    end = at + 2 + int.from_bytes(body[at : at + 2])
    return body[at + 2 : end].decode(), end


def _connect(body: bytes) -> tuple[str, dict[str, Any]]:
    protocol, at = _text(body, 0)
    level, flags, keep_alive = body[at], body[at + 1], int.from_bytes(body[at + 2 : at + 4])
    name, at = _text(body, at + 4)
    rest = []
    while at < len(body):
        text, at = _text(body, at)
        rest.append(text)
    return name, {
        "protocol": [protocol, level],
        "flags": f"{flags:08b}",  # user, password, will's retain and QoS, will, clean session
        "keep alive": keep_alive,
        "login": rest,
    }


def _publish(flags: int, body: bytes) -> list[Any]:
    topic, at = _text(body, 0)
    qos = flags >> 1 & 3
    return [topic, {"qos": qos, "retain": flags & 1, "payload": shown(body[at + (2 if qos else 0) :])}]


def _filters(body: bytes) -> list[Any]:
    found, at = [], 0
    while at < len(body):
        text, at = _text(body, at)
        found.append([text, body[at]])
        at += 1
    return found


async def record(folder: Path) -> dict[str, Any]:
    """Run a daprd, and return what it said."""
    resources = folder / "resources"
    resources.mkdir()
    with Mosquitto.running() as broker:
        async with Tap.before(broker.port) as tap, Taker.serving() as taker:
            write_components(resources, tap.port)
            subscribe(taker)
            async with daprd(resources, APP_ID, taker.port) as running:
                return await told(running, tap)


def main() -> None:
    """Write the file, and into it by whom and how it was written."""
    with tempfile.TemporaryDirectory() as folder:
        said = asyncio.run(record(Path(folder)))
    by = f"daprd {sys.argv[1]}, to Mosquitto: python -m tests.e2e.recorded.mqtt"
    FILE.write_text(json.dumps({"by": by, "clients": said}, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
