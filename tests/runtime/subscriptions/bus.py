"""A broker in the test's process, an application over HTTP, and what brings them together."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from pluggable.delivery import Delivery, Outcome
from pluggable.errors import ComponentError
from pluggable.metadata import NO_METADATA
from pluggable.pubsub import Message, Pausable, PublishRequest, PubSub, Topic
from pluggable.runtime import resources
from pluggable.runtime.appchannel import app_channel
from pluggable.runtime.components.catalog import Catalog, Loaded
from pluggable.runtime.config import RuntimeConfig
from pluggable.runtime.subscriptions import Subscriptions
from pluggable.runtime.telemetry import Telemetry
from pluggable.runtime.traffic import MessageTraffic
from tests.runtime.appchannel.servers import application


class Bus(PubSub, Pausable):
    """Hands each message to the subscriptions of its topic, and returns what became of it."""

    def __init__(self) -> None:
        self.subscribed: dict[str, Delivery[Message]] = {}
        self.published: list[PublishRequest] = []
        self.changed = asyncio.Event()
        self.confirms = True
        self.paused = False
        self.failure: ComponentError | None = None

    async def publish(self, request: PublishRequest) -> None:
        if self.failure is not None:
            raise self.failure
        self.published.append(request)

    async def subscribe(self, topic: Topic, deliver: Delivery[Message]) -> None:
        self.subscribed[topic.name] = deliver
        self.changed.set()
        if self.confirms:
            deliver.ready()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            if self.subscribed.get(topic.name) is deliver:
                del self.subscribed[topic.name]
            self.changed.set()

    async def pause(self) -> None:
        self.paused = True

    async def resume(self) -> None:
        self.paused = False

    async def until(self, *topics: str) -> None:
        """Wait until exactly these topics are subscribed to."""
        async with asyncio.timeout(5):
            while set(self.subscribed) != set(topics):
                self.changed.clear()
                await self.changed.wait()

    async def send(self, topic: str, data: bytes = b'{"id":"1"}', **metadata: str) -> Outcome:
        """Deliver a message and return its outcome."""
        return await self.subscribed[topic](Message(data=data, topic=topic, metadata=metadata))


class App:
    """An application that notes the events it gets, by path, and answers as it is told."""

    def __init__(self) -> None:
        self.got: list[tuple[str, Any]] = []
        self.requests: list[web.Request] = []
        self.topics: list[dict[str, Any]] = []
        self.status = 200
        self.answer = ""
        self.statuses: Callable[[str], str] | None = None
        """What to say of each message of a bulk, by its data."""
        self.hold: asyncio.Event | None = None
        self.arrived = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        if request.path == "/dapr/subscribe":
            return web.json_response(self.topics)
        body = await request.read()
        self.got.append((request.path, json.loads(body) if body else None))
        self.requests.append(request)
        self.arrived.set()
        if self.hold is not None:
            await self.hold.wait()
        if self.statuses is not None:
            said = [
                {"entryId": entry["entryId"], "status": self.statuses(event_data(entry))}
                for entry in self.got[-1][1]["entries"]
            ]
            return web.json_response({"statuses": said}, status=self.status)
        return web.Response(status=self.status, text=self.answer)


def event_data(entry: dict[str, Any]) -> str:
    """Return the data of a message in a bulk: its bytes, where the subscription is to raw ones."""
    event = entry["event"]
    return str(event["data"]) if isinstance(event, dict) else base64.b64decode(event).decode()


class World:
    """A broker, an application and the subscriptions between them."""

    def __init__(
        self,
        config: RuntimeConfig,
        app: App,
        subscriptions: Subscriptions,
        catalog: Catalog,
        telemetry: Telemetry,
    ) -> None:
        self.config = config
        self.app = app
        self.subscriptions = subscriptions
        self.catalog = catalog
        self.telemetry = telemetry
        self.bus = Bus()

    def load(self, bus: Bus | None = None, name: str = "events", **properties: str) -> Bus:
        """Put a broker in the catalog, or another in its place."""
        bus = bus or Bus()
        items = tuple(resources.MetadataItem(name=key, value=value) for key, value in properties.items())
        spec = resources.Component(name=name, type="pubsub.bus", metadata=items)
        self.catalog.pubsub[name] = Loaded(spec, bus, properties)
        self.catalog.notify()
        return bus

    def declare(self, *subscriptions: resources.Subscription) -> None:
        """Add declared subscriptions."""
        self.subscriptions.declare(resources.Changes(added=resources.Resources(subscriptions=subscriptions)))

    async def subscribed(
        self, *subscriptions: resources.Subscription, properties: Mapping[str, str] = NO_METADATA
    ) -> None:
        """Load the broker, declare subscriptions to it, and wait until they stand."""
        self.load(self.bus, **properties)
        self.declare(*subscriptions)
        self.subscriptions.open()
        assert await self.subscriptions.ready(5)


def to(
    topic: str = "orders", *rules: resources.Rule, pubsub: str = "events", **given: Any
) -> resources.Subscription:
    """Return a subscription; its route is the topic's name unless rules are given."""
    rules = rules or (resources.Rule(path=f"/{topic}"),)
    return resources.Subscription(pubsub=pubsub, topic=topic, rules=rules, **given)


@asynccontextmanager
async def world(**settings: Any) -> AsyncIterator[World]:
    """Run an application with subscriptions that are not opened yet."""
    app, catalog = App(), Catalog()
    async with application(app.handle) as port:
        values: dict[str, Any] = {"app_id": "shop", "app_port": port} | settings
        config = RuntimeConfig(**values)
        async with app_channel(config) as channel:
            telemetry = Telemetry(config.app_id)
            traffic = MessageTraffic(telemetry, config.namespace)
            subscriptions = Subscriptions(catalog, channel, config, traffic)
            try:
                yield World(config, app, subscriptions, catalog, telemetry)
            finally:
                if app.hold is not None:
                    app.hold.set()
                await subscriptions.close()
