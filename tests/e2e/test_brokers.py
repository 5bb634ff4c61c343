"""Brokers behind a sidecar: passwords that rotate, and messages that are poisoned."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from tests.backends.kafka import GuardedKafka, Kafka
from tests.backends.mosquitto import Mosquitto
from tests.backends.nats import NATS
from tests.backends.rabbitmq import RabbitMQ
from tests.backends.server import Server
from tests.e2e.applications import Application
from tests.e2e.sidecars import Sidecar, component, sidecar
from tests.e2e.test_redis import Choosy
from tests.programs import needed

pytestmark = [pytest.mark.slow]

FIRST: Final = "first-secret"
SECOND: Final = "second-secret"
JSON: Final = {"Content-Type": "application/json"}
COMPONENT: Final = """\
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {{name: broker}}
spec:
  type: {type}
  version: v1
  metadata:
  - {{name: {url}, secretKeyRef: {{name: {secret}, key: {secret}}}}}
  - {{name: consumerID, value: shop}}
{more}  - {{name: deletedWhenUnused, value: "false"}}
auth: {{secretStore: vault}}
"""


@dataclass(frozen=True, slots=True)
class Guarded:
    """A broker whose user ``shop`` has the first password."""

    type: str
    url: str
    """The property with the address."""
    address: str
    """The address, with a place for the password."""
    rotate: Callable[[], None]
    """Gives the user the second password, and ends all connections."""
    more: Mapping[str, str] = field(default_factory=dict)
    """Other properties that the component needs."""

    def component(self, secret: str) -> str:
        more = "".join(f'  - {{name: {name}, value: "{value}"}}\n' for name, value in self.more.items())
        return COMPONENT.format(type=self.type, url=self.url, secret=secret, more=more)


@contextmanager
def rabbitmq() -> Iterator[Guarded]:
    with RabbitMQ.running() as node:
        node.control("add_user", "shop", FIRST)
        node.control("set_permissions", "shop", ".*", ".*", ".*")

        def rotate() -> None:
            node.control("change_password", "shop", SECOND)
            node.control("close_all_connections", "rotated")

        address = f"amqp://shop:{{}}@127.0.0.1:{node.port}"
        yield Guarded("pubsub.rabbitmq", "connectionString", address, rotate)


@contextmanager
def mqtt(folder: Path) -> Iterator[Guarded]:
    users = folder / "users"
    users.touch(0o600)

    def give(password: str) -> None:
        subprocess.run([needed("mosquitto_passwd"), "-b", str(users), "shop", password], check=True)

    give(FIRST)
    with Mosquitto.running("allow_anonymous false", f"password_file {users}") as server:

        def rotate() -> None:
            give(SECOND)
            server.restart()

        yield Guarded("pubsub.mqtt3", "url", f"mqtt://shop:{{}}@127.0.0.1:{server.port}", rotate)


@contextmanager
def jetstream(folder: Path) -> Iterator[Guarded]:
    settings = folder / "nats.conf"

    def give(password: str) -> None:
        people = {"shop": password, "maker": "maker"}
        users = ", ".join(f'{{user: {name}, password: "{word}"}}' for name, word in people.items())
        settings.write_text(f"authorization {{ users: [{users}] }}")

    give(FIRST)
    with NATS.running("-c", str(settings)) as server:
        server.make_stream("all", "orders", user="maker", password="maker")

        def rotate() -> None:
            give(SECOND)
            server.restart()

        yield Guarded("pubsub.jetstream", "natsURL", f"nats://shop:{{}}@127.0.0.1:{server.port}", rotate)


@contextmanager
def kafka() -> Iterator[Guarded]:
    with GuardedKafka.running() as server:

        def rotate() -> None:
            server.change_password(SECOND)
            server.restart()

        more = {
            "brokers": server.address,
            "authType": "password",
            "saslUsername": "shop",
            "saslMechanism": "SHA-512",
            "disableTls": "true",
            "initialOffset": "oldest",
            "readTimeout": "2s",
        }
        yield Guarded("pubsub.kafka", "saslPassword", "{}", rotate, more)


# Of the module, as a broker may take longer to start than a test here may take.
@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=pytest.mark.xdist_group(name))
        for name in ("rabbitmq", "mqtt", "nats", "kafka")
    ],
)
def guarded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """A broker that asks for a password."""
    folder = tmp_path_factory.mktemp("users")
    kinds: Mapping[str, Callable[[], AbstractContextManager[Guarded]]] = {
        "rabbitmq": rabbitmq,
        "mqtt": lambda: mqtt(folder),
        "nats": lambda: jetstream(folder),
        "kafka": kafka,
    }
    with kinds[request.param]() as found:
        yield found


async def test_rotated_password_is_picked_up(guarded: Guarded, resources: Path, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.json"
    secrets.write_text(
        json.dumps({"first": guarded.address.format(FIRST), "second": guarded.address.format(SECOND)})
    )
    component(resources, "vault", "secretstores.local.file", secretsFile=str(secrets))
    yaml = resources / "broker.yaml"
    yaml.write_text(guarded.component("first"))
    async with Application() as application:
        application.subscribe("broker", "orders")
        async with sidecar(resources, app_port=application.port) as running:
            await publish(running, "before")
            await until(application, {"before"})
            await asyncio.to_thread(guarded.rotate)
            refused = await running.call("POST", "/v1.0/publish/broker/orders", b'"lost"', JSON)
            assert refused.status >= 400

            since = len(running.lines)
            yaml.write_text(guarded.component("second"))
            await running.said("Component loaded: broker", since=since)
            await publish(running, "after")

            await until(application, {"before", "after"})
            assert FIRST not in running.log() + refused.body.decode()
            assert SECOND not in running.log()


async def publish(running: Sidecar, *orders: str) -> None:
    for order in orders:
        answer = await running.call("POST", "/v1.0/publish/broker/orders", json.dumps(order).encode(), JSON)
        assert answer.status == 204, answer.body


async def until(application: Application, handled: set[str]) -> None:
    """Wait until the application has handled these."""
    async with asyncio.timeout(30):
        while application.handled != handled:
            await application.got(len(application.handled) + 1)
            await asyncio.sleep(0.01)  # it has handled an event once it has answered


@dataclass(frozen=True, slots=True)
class Open:
    """A broker that asks for nothing, and what a Component needs for it."""

    server: type[Server]
    type: str
    metadata: Callable[[int], Mapping[str, str]]
    """By the server's port."""


BROKERS: Final = {
    "rabbitmq": Open(
        RabbitMQ,
        "pubsub.rabbitmq",
        lambda port: {"connectionString": f"amqp://guest:guest@127.0.0.1:{port}"},
    ),
    "kafka": Open(
        Kafka,
        "pubsub.kafka",
        lambda port: {"brokers": f"127.0.0.1:{port}", "authType": "none", "initialOffset": "oldest"},
    ),
    "mqtt": Open(Mosquitto, "pubsub.mqtt3", lambda port: {"url": f"mqtt://127.0.0.1:{port}", "qos": "1"}),
    "nats": Open(NATS, "pubsub.jetstream", lambda port: {"natsURL": f"nats://127.0.0.1:{port}"}),
}


@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in BROKERS]
)
def broker(request: pytest.FixtureRequest) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The type of a broker's component, and its metadata."""
    kind = BROKERS[request.param]
    with kind.server.running() as server:
        if isinstance(server, NATS):
            server.make_stream("all", "orders", "dead")
        yield kind.type, kind.metadata(server.port)


async def test_poison_becomes_a_dead_letter_and_the_rest_goes_on(
    broker: tuple[str, Mapping[str, str]], resources: Path
) -> None:
    kind, metadata = broker
    component(resources, "broker", kind, **metadata)
    async with Choosy() as application:
        wanted = {"pubsubname": "broker", "topic": "orders", "route": "/events", "deadLetterTopic": "dead"}
        application.subscriptions.append(wanted)
        application.subscriptions.append(
            {"pubsubname": "broker", "topic": "dead", "route": "/events?dead=yes"}
        )
        async with sidecar(resources, app_port=application.port) as running, asyncio.timeout(40):
            await publish(running, "1", "poison", "2")
            await application.has_handled({"1", "poison", "2"})

    assert application.letters == ["poison"]
