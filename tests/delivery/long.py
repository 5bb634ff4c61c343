"""
Sends 100,000 messages through each broker while consumers are killed and the broker is restarted, and counts
what was lost: ``python -m tests.delivery.long [--match TYPE] [--messages N] [--jobs N] [--report FILE]``.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from pluggable import PubSub
from pluggable_servers.kafka.pubsub import KafkaPubSub
from pluggable_servers.mqtt.pubsub import MQTTPubSub
from pluggable_servers.nats.pubsub import JetStreamPubSub
from pluggable_servers.rabbitmq.pubsub import RabbitPubSub
from pluggable_servers.redis.pubsub import RedisPubSub
from tests.backends.kafka import Kafka
from tests.backends.mosquitto import Mosquitto
from tests.backends.nats import NATS
from tests.backends.rabbitmq import RabbitMQ
from tests.backends.redis import Redis
from tests.backends.server import Server
from tests.reporting import circumstances, write

from .flood import Plan, flood

Started = tuple[Server, Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What became of the messages of one broker."""

    type: str
    messages: int
    kills: int
    restarts: int
    lost: int
    again: int
    """How many came to an end once more, as their consumer was killed before the broker knew."""
    interrupted: int
    """How many were being handled when their consumer was killed."""
    seconds: float


@contextmanager
def redis() -> Iterator[Started]:
    """A Redis that writes each command to the disk before it answers."""
    with Redis.running("--appendonly", "yes", "--appendfsync", "always") as server:
        address = f"127.0.0.1:{server.port}"
        yield server, {"redisHost": address, "processingTimeout": "5s", "redeliverInterval": "1s"}


@contextmanager
def rabbitmq() -> Iterator[Started]:
    """A RabbitMQ with queues and messages that it keeps."""
    with RabbitMQ.running() as server:
        yield (
            server,
            {
                "connectionString": f"amqp://guest:guest@127.0.0.1:{server.port}/",
                "deletedWhenUnused": "false",
                "deliveryMode": "2",
                "reconnectWaitSeconds": "200ms",
            },
        )


@contextmanager
def kafka() -> Iterator[Started]:
    """A Kafka; the group misses a member that is killed after six seconds, which is the least."""
    with Kafka.running() as server:
        session = {"sessionTimeout": "6s", "heartbeatInterval": "2s"}
        yield server, {"brokers": server.address, "authType": "none", **session}


@contextmanager
def mqtt() -> Iterator[Started]:
    """A Mosquitto with a session that it keeps."""
    with Mosquitto.running() as server:
        address = f"mqtt://127.0.0.1:{server.port}"
        yield server, {"url": address, "qos": "1", "cleanSession": "false"}


@contextmanager
def jetstream() -> Iterator[Started]:
    """A NATS server with a stream, and a consumer that it keeps."""
    with NATS.running() as server:
        server.make_stream("flood", "flood")
        address = f"nats://127.0.0.1:{server.port}"
        yield server, {"natsURL": address, "durableName": "flood", "ackWait": "5s"}


BROKERS: Final[Mapping[str, tuple[type[PubSub], Callable[[], AbstractContextManager[Started]]]]] = {
    "pubsub.rabbitmq": (RabbitPubSub, rabbitmq),
    "pubsub.kafka": (KafkaPubSub, kafka),
    "pubsub.redis": (RedisPubSub, redis),
    "pubsub.jetstream": (JetStreamPubSub, jetstream),
    "pubsub.mqtt3": (MQTTPubSub, mqtt),
}


def counted(type_: str, plan: Plan) -> Count:
    """Flood one broker."""
    kind, started = BROKERS[type_]
    began = time.monotonic()
    with started() as (server, properties):
        ledger = asyncio.run(flood(kind, {"consumerID": "flood", **properties}, server, plan))
    return Count(
        type=type_,
        messages=plan.messages,
        kills=plan.kills,
        restarts=plan.restarts,
        lost=plan.messages - len(ledger.done),
        again=ledger.again,
        interrupted=ledger.interrupted,
        seconds=round(time.monotonic() - began, 1),
    )


def main() -> int:
    """Flood, write the report if one is wanted, and return 1 if anything was lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.delivery.long", description=__doc__)
    parser.add_argument("--match", default="", help="only types whose name contains this")
    parser.add_argument("--messages", type=int, default=100_000, help="so many a broker; default: 100000")
    parser.add_argument("--jobs", type=int, default=3, help="so many brokers at once; default: 3")
    parser.add_argument("--report", type=Path, help="a file for the counts as JSON")
    options = parser.parse_args()
    plan = Plan(
        messages=options.messages,
        kills=3,
        restarts=2,
        publisher={"consumerID": "publisher"},  # as two clients of MQTT may not be one
        patience_seconds=3600.0,
    )
    counts = []
    # They wait more than they work, so several are flooded at once.
    with ThreadPoolExecutor(options.jobs) as floods:
        types = [type_ for type_ in BROKERS if options.match in type_]
        for count in floods.map(counted, types, itertools.repeat(plan)):
            counts.append(count)
            sys.stdout.write(f"{count}\n")
            sys.stdout.flush()
    if options.report:
        write(options.report, circumstances("floods") | {"brokers": [asdict(each) for each in counts]})
    return 1 if any(each.lost for each in counts) else 0


if __name__ == "__main__":
    sys.exit(main())
