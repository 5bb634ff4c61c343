"""Whose instance: the objects made for each Init, and how one gives way to the next."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Final, Generic, NamedTuple, TypeVar

from .._called import Called, during
from .._secrets import KNOWN, Secrets
from ..component import Component
from ..delivery import Delivery
from ..errors import (
    ComponentError,
    LimitExceededError,
    NotInitializedError,
    TimedOutError,
    UnavailableError,
)
from ..metadata import Metadata
from ..pubsub import Pausable
from .observing import M, ObservedDelivery, Observer

C = TypeVar("C", bound=Component)

#: Makes one object for each Init; a class does.
Factory = Callable[[], Component]
#: One component of a socket, or several of different blocks.
Offered = Factory | Sequence[Factory]

#: How many names may ask for an instance of one component: a caller that makes up names finds an end.
INSTANCES: Final = 2_000
#: How long an instance that was replaced may go on with the calls and streams it has.
RETIRE_SECONDS: Final = 30.0
#: How long an Init may take before it is given up. A daprd gives it less, and waits for it all the same.
INIT_SECONDS: Final = 60.0
#: How long a component may take to close, or to stop its intake, before it is left alone.
CLOSE_SECONDS: Final = 10.0

#: What a key's client begins with when it is known by its process alone, as a daprd is.
PROCESS: Final = "process "

logger: logging.Logger = logging.getLogger(__name__)


class Key(NamedTuple):
    """Whose instance: which sidecar, by which family of services, for which of its components."""

    client: str
    family: str
    instance: str


class Instance(Generic[C]):
    """One initialised object; a ``with`` around each call says that it is in use."""

    def __init__(self, component: C, type_: str, name: str, observer: Observer | None = None) -> None:
        self.component = component
        self.type: str = type_
        """The component's type, such as ``state.redis``."""
        self.name: str = name
        """The component's name in the sidecar's YAML."""
        self.label: str = f'{type_} "{name}"'
        self.paused: bool = False
        """Nothing new is to be delivered: who delivers waits for the end of its stream."""
        self.ending: asyncio.Event = asyncio.Event()
        """Streams are to end now."""
        self._observer = observer
        self._called: dict[str, Called] = {}
        self._calls = 0
        self._idle: asyncio.Event | None = None

    def __enter__(self) -> C:
        self._calls += 1
        return self.component

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._calls -= 1
        if self._idle is not None and not self._calls:
            self._idle.set()

    def called(self, path: str) -> Called:
        """Return what a call of it is to the log; the same one each time, since calls are many."""
        if (found := self._called.get(path)) is None:
            found = self._called[path] = Called(self.type, self.name, path)
        return found

    def observed(self, delivery: Delivery[M]) -> Delivery[M]:
        """Return the delivery so that who observes is told of each message."""
        if self._observer is None:
            return delivery
        return ObservedDelivery(delivery, self._observer, self.type, self.name)

    def doing(self, what: str) -> AbstractContextManager[None]:
        """Say in the log what is being done with it, where nobody called."""
        return during(Called(self.type, self.name, what))

    async def stop_intake(self) -> None:
        """Let nothing new be delivered; what is in flight goes on."""
        self.paused = True
        if isinstance(self.component, Pausable):
            with self.doing("pause"):
                await _bounded(self.component.pause(), f"{self.label} stopping its intake")

    async def end(self, seconds: float) -> None:
        """Wait until nothing is under way, or the time is over; then end the streams, and close."""
        if not await self._unused(seconds) and seconds:
            logger.info(
                "%s has calls or streams %g s after it was replaced; they are ended", self.label, seconds
            )
        self.ending.set()
        await self._unused(CLOSE_SECONDS)
        with self.doing("close"):
            await _bounded(self.component.close(), f"{self.label} closing")

    async def _unused(self, seconds: float) -> bool:
        self._idle = asyncio.Event()
        if self._calls and seconds > 0:
            try:
                async with asyncio.timeout(seconds):
                    await self._idle.wait()
            except TimeoutError:
                pass
        return not self._calls


class Instances(Generic[C]):
    """
    The instances of one component on one socket; ``close`` ends them all.

    A second Init for a key makes a new object, which serves the calls that come from then on. The old one
    takes in nothing new, keeps what is under way, and is closed when the last of that ends. If the Init
    fails, it stays. An instance whose client was a process that has ended gives way to the next in the same
    manner: a daprd that was restarted is another process.
    """

    def __init__(
        self,
        label: str,
        factory: Callable[[], C],
        *,
        exclusive: bool,
        retire_seconds: float = RETIRE_SECONDS,
        observer: Observer | None = None,
    ) -> None:
        self.label = label
        self._factory = factory
        self._exclusive = exclusive
        self._retire_seconds = retire_seconds
        self._observer = observer
        self._current: dict[Key, Instance[C]] = {}
        self._initialising: dict[Key, asyncio.Lock] = {}
        self._replacing: set[Key] = set()
        self._retiring: dict[asyncio.Task[None], Instance[C]] = {}
        self._secrets: dict[Key, Secrets] = {}

    def __iter__(self) -> Iterator[Instance[C]]:
        return iter(tuple(self._current.values()))

    def __len__(self) -> int:
        return len(self._current)

    @property
    def replacing(self) -> bool:
        """Whether an only owner was closed, and its successor is not ready yet."""
        return bool(self._replacing)

    def of(self, key: Key) -> Instance[C]:
        """
        Return the instance that serves a key's calls now.

        Raises:
            NotInitializedError: there was no Init.
            UnavailableError: there is one under way, and the component admits one owner only.
        """
        try:
            return self._current[key]
        except KeyError:
            if key in self._replacing:
                raise UnavailableError(
                    f'{self.label} "{key.instance}" is being initialised again, and admits one owner only'
                ) from None
            raise NotInitializedError(self.label, key.instance) from None

    def shown(self, text: str) -> str:
        """Return a text for a log or a caller without the secrets in the instances' metadata."""
        for secrets in self._secrets.values():
            text = secrets.hidden_in(text)
        return text

    async def init(self, key: Key, metadata: Metadata) -> None:
        """
        Make an object ready and let it serve the key; Inits for one key wait for each other.

        Raises:
            LimitExceededError: too many names have asked for one.
            TimedOutError: it was not ready in time.
        """
        if len(self._initialising) >= INSTANCES and key not in self._initialising:
            raise LimitExceededError(
                f'{self.label} "{key.instance}": {INSTANCES} names have asked this process for an instance; '
                "no further one is taken until it restarts"
            )
        async with self._initialising.setdefault(key, asyncio.Lock()):
            left = self._left_by_the_dead(key)
            if self._exclusive:
                for each in (key, *left):
                    await self._give_way(each)
            try:
                component = await self._made(key, metadata)
            finally:
                self._replacing.discard(key)
            old = self._current.get(key)
            self._current[key] = Instance(component, self.label, key.instance, self._observer)
            if old is not None:
                self._later(self._retire(old), old)
            for each in left:
                if (old := self._current.pop(each, None)) is not None:
                    self._later(self._retire(old), old)

    async def close(self) -> None:
        """End all instances now, each within its bound."""
        for instance in self._retiring.values():
            instance.ending.set()
        current = list(self._current.values())
        self._current.clear()
        async with asyncio.TaskGroup() as tasks:
            for instance in current:
                tasks.create_task(instance.end(0))
        await self._settle(2 * CLOSE_SECONDS)

    async def _made(self, key: Key, metadata: Metadata) -> C:
        component = self._factory()
        if (settings := component.about.settings) is not None:
            self._secrets[key] = secrets = metadata.secrets(settings)
            KNOWN.add(secrets)
        try:
            async with asyncio.timeout(INIT_SECONDS) as bound:
                await component.init(metadata)
        except TimeoutError as error:
            if not bound.expired():
                raise  # the component's own
            raise TimedOutError(
                f'{self.label} "{key.instance}" was not ready after {INIT_SECONDS:g} s; its init was given up'
            ) from error
        return component

    def _left_by_the_dead(self, key: Key) -> list[Key]:
        """Return the keys that differ by their process only, where that has ended."""
        like = [each for each in self._current if each != key and each[1:] == key[1:]]
        return [each for each in like if _has_ended(each.client)]

    async def _give_way(self, key: Key) -> None:
        """Close the one owner before there is another."""
        if (old := self._current.pop(key, None)) is not None:
            self._replacing.add(key)
            await old.stop_intake()
            await old.end(0)

    async def _retire(self, old: Instance[C]) -> None:
        logger.info("%s is initialised again; its predecessor goes on with what it has", old.label)
        await old.stop_intake()
        await old.end(self._retire_seconds)

    def _later(self, work: Coroutine[Any, Any, None], instance: Instance[C]) -> None:
        task = asyncio.create_task(work, name=f"retiring {instance.label}")
        self._retiring[task] = instance
        task.add_done_callback(lambda task: self._retiring.pop(task, None))

    async def _settle(self, seconds: float) -> None:
        """Wait for the predecessors, whose streams were told to end; who takes longer is cancelled."""
        if not self._retiring:
            return
        _, late = await asyncio.wait(set(self._retiring), timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


def _has_ended(client: str) -> bool:
    """Return whether a client is known by a process that is no more."""
    if not client.startswith(PROCESS):
        return False
    try:
        os.kill(int(client.removeprefix(PROCESS)), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False


async def _bounded(work: Coroutine[Any, Any, None], what: str) -> None:
    """Await what a component does on its way out; it may neither fail nor hold up anybody."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await work
    except TimeoutError:
        logger.error("%s took longer than %g s; it is left alone", what, CLOSE_SECONDS)  # noqa: TRY400  no fault here
    except ComponentError as error:
        logger.warning("%s failed: %s", what, error)
    except Exception:  # whatever it does, the others are to be closed
        logger.exception("%s failed", what)
