"""A plain client of an MQTT broker, beside the components."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

SECONDS = 15


class Bare:
    """Publishes, and gets what a topic brings."""

    def __init__(self, port: int) -> None:
        self._client = paho.Client(CallbackAPIVersion.VERSION2)
        self._messages: queue.Queue[paho.MQTTMessage] = queue.Queue()
        self._subscribed: queue.Queue[int] = queue.Queue()
        self._client.on_message = lambda _client, _data, message: self._messages.put(message)
        self._client.on_subscribe = lambda _client, _data, mid, _codes, _properties: self._subscribed.put(mid)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, data: bytes, *, qos: int = 1, retain: bool = False) -> None:
        self._client.publish(topic, data, qos, retain).wait_for_publish(SECONDS)

    def subscribe(self, topic: str) -> None:
        self._client.subscribe(topic, 2)
        self._subscribed.get(timeout=SECONDS)

    def next(self) -> paho.MQTTMessage:
        return self._messages.get(timeout=SECONDS)


@contextmanager
def bare(port: int) -> Iterator[Bare]:
    """A client that is connected."""
    client = Bare(port)
    try:
        yield client
    finally:
        client.close()
