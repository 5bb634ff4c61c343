"""The double's side of AMQP: links, transfers and what receivers say of deliveries."""

from __future__ import annotations

import urllib.parse
import uuid
from typing import Any, Final

from proton import (
    Condition,
    Connection,
    Delivery,
    Event,
    Handler,
    Link,
    Message,
    Receiver,
    Sender,
    symbol,
    timestamp,
)
from proton.handlers import EndpointStateHandler, FlowController

from .batches import messages_of
from .entities import Lock, Namespace, Queue
from .requests import management_answer, token_answer

_CBS: Final = "$cbs"
_MANAGEMENT: Final = "/$management"
_TICK_SECONDS: Final = 0.1
_WINDOW: Final = 200
_LARGEST: Final = 256 * 1024


class Broker(Handler):
    """Handles the events of all connections, one at a time."""

    def __init__(self, port: int, namespace: Namespace, key: str) -> None:
        super().__init__()
        self._port = port
        self._namespace = namespace
        self._key = key
        self._trusted: set[Connection] = set()
        self._receiving: dict[str, list[Sender]] = {}
        self._answering: list[Sender] = []
        self.handlers = [FlowController(_WINDOW), EndpointStateHandler(False, self)]

    def on_reactor_init(self, event: Event) -> None:
        container = event.container
        container.allowed_mechs = "ANONYMOUS"  # type: ignore[assignment]  # as Proton takes it
        container.listen(f"127.0.0.1:{self._port}")
        container.schedule(_TICK_SECONDS, self)

    def on_timer_task(self, event: Event) -> None:
        for queue in self._namespace.expire():
            self._pump(queue)
        for name in list(self._receiving):  # what was scheduled may be due
            self._pump(self._namespace.queue(name))
        event.container.schedule(_TICK_SECONDS, self)

    def on_link_opening(self, event: Event) -> None:
        link: Any = event.link
        link.source.copy(link.remote_source)
        link.target.copy(link.remote_target)
        link.snd_settle_mode = link.remote_snd_settle_mode
        link.rcv_settle_mode = link.remote_rcv_settle_mode
        link.max_message_size = _LARGEST
        name = _address(link)
        if name != _CBS and event.connection not in self._trusted:
            link.condition = Condition("amqp:unauthorized-access", "Unauthorized access. No claim was put.")
            link.close()
        elif link.is_sender and (name == _CBS or name.endswith(_MANAGEMENT)):
            self._answering.append(link)
        elif link.is_sender:
            self._namespace.queue(name)
            self._receiving.setdefault(name, []).append(link)

    def on_link_closing(self, event: Event) -> None:
        self._forget(lambda link: link == event.link)

    def on_link_remote_detach(self, event: Event) -> None:
        self._forget(lambda link: link == event.link)
        link: Any = event.link
        link.detach()

    def on_disconnected(self, event: Event) -> None:
        self._trusted.discard(event.connection)
        self._forget(lambda link: link.connection == event.connection)

    on_transport_closed = on_disconnected

    def on_link_flow(self, event: Event) -> None:
        link: Any = event.link
        if link.is_sender and link in self._receiving.get(_address(link), ()):
            self._pump(self._namespace.queue(_address(link)))
            if link.drain_mode:
                link.drained()

    def on_delivery(self, event: Event) -> None:
        delivery: Any = event.delivery
        link: Any = event.link
        if link.is_receiver:
            if delivery.readable and not delivery.partial:
                encoded = link.recv(delivery.pending)
                link.advance()
                self._received(link, delivery, encoded)
        elif delivery.updated and delivery.remote_state:
            self._settled(delivery)

    def _received(self, link: Receiver, delivery: Delivery, encoded: bytes) -> None:
        name = _address(link)
        if name == _CBS or name.endswith(_MANAGEMENT):
            self._requested(link, name, encoded)
            _answer(delivery, Delivery.ACCEPTED)
        elif said := self._namespace.fullness(name):
            _answer(delivery, Delivery.REJECTED, _refusal("amqp:resource-limit-exceeded", said))
        else:
            queues = [queue for each in messages_of(encoded) for queue in self._namespace.publish(name, each)]
            _answer(delivery, Delivery.ACCEPTED)
            for queue in {queue.name: queue for queue in queues}.values():
                self._pump(queue)

    def _requested(self, link: Receiver, name: str, encoded: bytes) -> None:
        request = Message()
        request.decode(encoded)
        if name == _CBS:
            answer = token_answer(request, self._key)
            told: Any = answer.properties
            if told["status-code"] == 202:
                self._trusted.add(link.connection)
        else:
            answer = management_answer(request, self._namespace)
        ours = [
            each for each in self._answering if each.connection == link.connection and _address(each) == name
        ]
        named = [each for each in ours if each.remote_target.address == request.reply_to]
        (named or ours)[-1].send(answer)

    def _settled(self, delivery: Delivery) -> None:
        tag, state = delivery.tag, delivery.remote_state
        if tag not in self._namespace.locks:
            if not delivery.settled:
                _answer(
                    delivery, Delivery.REJECTED, _refusal("com.microsoft:message-lock-lost", "Lock lost.")
                )
            return
        queue: Queue | None = None
        if state == Delivery.ACCEPTED:
            self._namespace.complete(tag)
        elif state == Delivery.REJECTED:
            queue = self._namespace.dead_letter(tag, str(delivery.remote.condition))
        else:
            queue = self._namespace.abandon(tag, failed=state != Delivery.RELEASED)
        _answer(delivery, state)
        if queue is not None:
            self._pump(queue)

    def _pump(self, queue: Queue) -> None:
        """Send what is ready, to each receiver in turn, as long as they have credit."""
        links = self._receiving.get(queue.name, [])
        while queue.ready and (link := next((each for each in links if each.credit > 0), None)):
            if (taken := self._namespace.take(queue)) is None:
                return
            links.append(links.pop(links.index(link)))
            tag, lock = taken
            message = Message()
            message.decode(lock.held.encoded)
            message.delivery_count = lock.held.failures
            annotations: Any = message.annotations or {}
            message.annotations = {**annotations, **_annotations(lock)}
            delivery = link.delivery(tag)
            link.stream(message.encode())
            link.advance()
            if link.snd_settle_mode == Link.SND_SETTLED:
                self._namespace.complete(tag)
                delivery.settle()

    def _forget(self, gone: Any) -> None:
        self._answering = [link for link in self._answering if not gone(link)]
        for links in self._receiving.values():
            links[:] = [link for link in links if not gone(link)]


def _annotations(lock: Lock) -> dict[Any, Any]:
    return {
        symbol("x-opt-sequence-number"): lock.held.sequence,
        symbol("x-opt-enqueued-time"): timestamp(int(lock.held.enqueued * 1000)),
        symbol("x-opt-locked-until"): timestamp(int(lock.until * 1000)),
    }


def _address(link: Link) -> str:
    """Return the name of the entity that a link is to, which clients may write as a URL."""
    address = (link.remote_source if link.is_sender else link.remote_target).address or ""
    return urllib.parse.urlsplit(address).path.strip("/").lower() if "//" in address else address.lower()


def _refusal(condition: str, said: str) -> Condition:
    """Return an error with all three fields: Microsoft's client stumbles over one without the last."""
    tracking: Any = {symbol("com.microsoft:tracking-id"): str(uuid.uuid4())}
    return Condition(condition, said, tracking)


def _answer(delivery: Delivery, state: Any, condition: Condition | None = None) -> None:
    if condition is not None:
        delivery.local.condition = condition
    delivery.update(state)
    delivery.settle()
