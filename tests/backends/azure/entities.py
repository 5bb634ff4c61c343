"""Queues with peek-locks, and the journal that they are read from when the double starts again."""

from __future__ import annotations

import base64
import heapq
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from proton import Message

DEAD_LETTERS: Final = "/$deadletterqueue"
SUBSCRIPTIONS: Final = "/subscriptions/"


@dataclass(slots=True, order=True)
class Held:
    """A message in a queue."""

    sequence: int
    encoded: bytes = field(compare=False)
    enqueued: float = field(compare=False)
    failures: int = field(compare=False, default=0)
    visible_at: float = field(compare=False, default=0.0)
    expires_at: float = field(compare=False, default=float("inf"))


@dataclass(slots=True)
class Lock:
    """A message that a receiver holds until a time."""

    queue: Queue
    held: Held
    until: float


@dataclass(slots=True)
class Queue:
    """A queue, a subscription, or the dead letters of one; names are in lower case."""

    name: str
    ready: list[Held] = field(default_factory=list)


class Namespace:
    """All queues and locks."""

    def __init__(self, journal: Path, *, lock_seconds: float, max_deliveries: int, quota: int) -> None:
        self.queues: dict[str, Queue] = {}
        self.locks: dict[str, Lock] = {}
        self.lock_seconds = lock_seconds
        self._max_deliveries = max_deliveries
        self._quota = quota
        self._sequence = 0
        self._replay(journal)
        self._journal = journal.open("a", encoding="utf-8")

    def queue(self, name: str) -> Queue:
        """Return the queue of this name, made if need be."""
        name = name.lower()
        if name not in self.queues:
            self._queue(name)
            self._note("made", name)
        return self.queues[name]

    def fullness(self, name: str) -> str:
        """
        Return what the service says of a queue or topic that takes no more, nothing where it does.

        As there, it may grow beyond its quota by one message, and dead letters count.
        """
        size = self._size(name.lower())
        if not self._quota or size < self._quota:
            return ""
        kind = "Topic" if self._subscriptions(name) else "Queue"
        return (
            f"The maximum entity size has been reached or exceeded for {kind}: '{name}'. "
            f"Size of entity in bytes:{size}, Max entity size in bytes:{self._quota}."
        )

    def publish(self, name: str, encoded: bytes) -> list[Queue]:
        """Put a message into a queue, or each subscription of a topic; return those that have it now."""
        queues = self._targets(name)
        for queue in queues:
            self._sequence += 1
            held = _held(self._sequence, encoded, time.time())
            heapq.heappush(queue.ready, held)
            self._note("put", queue.name, held.sequence, held.enqueued, base64.b64encode(encoded).decode())
        return queues

    def take(self, queue: Queue) -> tuple[str, Lock] | None:
        """Lock the first message that may be delivered now; return it with its lock's tag."""
        now, later, found = time.time(), [], None
        while queue.ready and found is None:
            held = heapq.heappop(queue.ready)
            if held.expires_at <= now:
                self._note("done", queue.name, held.sequence)
            elif held.visible_at > now:
                later.append(held)
            else:
                found = held
        for held in later:
            heapq.heappush(queue.ready, held)
        if found is None:
            return None
        # Sixteen bytes as the service has them, none of them beyond ASCII, which Proton would stumble over.
        tag = "".join(chr(1 + secrets.randbelow(126)) for _ in range(16))
        lock = self.locks[tag] = Lock(queue, found, now + self.lock_seconds)
        return tag, lock

    def complete(self, tag: str) -> bool:
        """Remove the message of a lock; ``False`` where the lock is lost."""
        if (lock := self.locks.pop(tag, None)) is None:
            return False
        self._note("done", lock.queue.name, lock.held.sequence)
        return True

    def abandon(self, tag: str, *, failed: bool = True) -> Queue | None:
        """Put the message of a lock back, or to the dead letters; return where it is now."""
        if (lock := self.locks.pop(tag, None)) is None:
            return None
        lock.held.failures += failed
        if lock.held.failures >= self._max_deliveries and DEAD_LETTERS not in lock.queue.name:
            return self._bury(lock, "MaxDeliveryCountExceeded")
        heapq.heappush(lock.queue.ready, lock.held)
        self._note("failed", lock.queue.name, lock.held.sequence, lock.held.failures)
        return lock.queue

    def dead_letter(self, tag: str, reason: str) -> Queue | None:
        """Move the message of a lock to the dead letters; return them."""
        lock = self.locks.pop(tag, None)
        return None if lock is None else self._bury(lock, reason)

    def renew(self, tag: str) -> float | None:
        """Return until when the lock holds from now on; ``None`` where it is lost."""
        if tag not in self.locks:
            return None
        self.locks[tag].until = time.time() + self.lock_seconds
        return self.locks[tag].until

    def expire(self) -> list[Queue]:
        """Put back what was locked for too long; return the queues."""
        now = time.time()
        lost = [tag for tag, lock in self.locks.items() if lock.until <= now]
        return [queue for tag in lost if (queue := self.abandon(tag)) is not None]

    def _targets(self, name: str) -> list[Queue]:
        return self._subscriptions(name) or [self.queue(name)]

    def _subscriptions(self, name: str) -> list[Queue]:
        prefix = name.lower() + SUBSCRIPTIONS
        return [
            queue
            for key, queue in self.queues.items()
            if key.startswith(prefix) and not key.endswith(DEAD_LETTERS)
        ]

    def _size(self, name: str) -> int:
        """Return how many bytes a queue or topic holds, in all that belongs to it."""

        def belongs(queue: Queue) -> bool:
            return queue.name == name or queue.name.startswith(f"{name}/")

        ready = [held for queue in self.queues.values() if belongs(queue) for held in queue.ready]
        locked = [lock.held for lock in self.locks.values() if belongs(lock.queue)]
        return sum(len(held.encoded) for held in ready + locked)

    def _bury(self, lock: Lock, reason: str) -> Queue:
        self._note("done", lock.queue.name, lock.held.sequence)
        message = Message()
        message.decode(lock.held.encoded)
        properties: Any = message.properties or {}
        message.properties = {**properties, "DeadLetterReason": reason}  # type: ignore[assignment]  # as Proton takes it
        return self.publish(lock.queue.name + DEAD_LETTERS, message.encode())[0]

    def _queue(self, name: str) -> Queue:
        return self.queues.setdefault(name, Queue(name))

    def _note(self, *entry: object) -> None:
        self._journal.write(json.dumps(entry) + "\n")
        self._journal.flush()

    def _replay(self, journal: Path) -> None:
        """Put the queues together from what was noted, but for half a line at the end."""
        if not journal.exists():
            return
        found: dict[str, dict[int, Held]] = {}
        for line in journal.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.endswith("\n"):
                what, name, *rest = json.loads(line)
                _REPLAYED[what](found.setdefault(name, {}), *rest)
        for name, messages in found.items():
            self._queue(name).ready = sorted(messages.values())
            self._sequence = max(self._sequence, *messages, 0)


def _put(messages: dict[int, Held], sequence: int, enqueued: float, encoded: str) -> None:
    messages[sequence] = _held(sequence, base64.b64decode(encoded), enqueued)


def _done(messages: dict[int, Held], sequence: int) -> None:
    messages.pop(sequence, None)


def _failed(messages: dict[int, Held], sequence: int, failures: int) -> None:
    messages[sequence].failures = failures


_REPLAYED: Final[dict[str, Callable[..., None]]] = {
    "made": lambda _messages: None,
    "put": _put,
    "done": _done,
    "failed": _failed,
}


def _held(sequence: int, encoded: bytes, enqueued: float) -> Held:
    message = Message()
    message.decode(encoded)
    held = Held(sequence, encoded, enqueued)
    if message.ttl:
        held.expires_at = enqueued + message.ttl
    annotations: Any = message.annotations or {}
    scheduled = annotations.get("x-opt-scheduled-enqueue-time")
    if scheduled is not None:
        held.visible_at = int(scheduled) / 1000
    return held
