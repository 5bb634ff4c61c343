"""Configuration stores and lock stores that break one rule each, by the check that finds it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from pluggable._proto.pluggable.components.v1alpha1 import lock_pb2
from pluggable._wire import names
from pluggable.configuration import Changes, GetRequest, Item, Notify, SubscribeRequest
from pluggable.errors import NotFoundError
from pluggable.lock import TryLockRequest, UnlockRequest, UnlockStatus
from tests.conformance.broken.serving import Broken, answering
from tests.conformance.folder import FolderStore
from tests.stores import Locks


class Through(Notify):
    """Hands changes on; a subclass does something to them."""

    def __init__(self, notify: Notify) -> None:
        self.notify = notify

    async def __call__(self, changes: Changes) -> None:
        await self.notify(changes)

    def ready(self) -> None:
        self.notify.ready()


class AnswersAll(FolderStore):
    async def get(self, request: GetRequest) -> dict[str, Item]:
        return self.read(())


class MissingIsAnError(FolderStore):
    async def get(self, request: GetRequest) -> dict[str, Item]:
        found = await super().get(request)
        if missing := set(request.keys) - found.keys():
            raise NotFoundError(", ".join(missing))
        return found


class NoKeysAreNoItems(FolderStore):
    async def get(self, request: GetRequest) -> dict[str, Item]:
        return await super().get(request) if request.keys else {}


class NeverReady(FolderStore):
    async def subscribe(self, request: SubscribeRequest, notify: Notify) -> None:
        await asyncio.Event().wait()


class EndsByItself(FolderStore):
    async def subscribe(self, request: SubscribeRequest, notify: Notify) -> None:
        notify.ready()


class TellsWhatThereIs(FolderStore):
    async def subscribe(self, request: SubscribeRequest, notify: Notify) -> None:
        if found := self.read(request.keys):
            await notify(found)
        await super().subscribe(request, notify)


class TellsOldValues(FolderStore):
    async def subscribe(self, request: SubscribeRequest, notify: Notify) -> None:
        class Older(Through):
            async def __call__(self, changes: Changes) -> None:
                await self.notify({key: item and replace(item, value="1") for key, item in changes.items()})

        await super().subscribe(request, Older(notify))


class ForgetsRemovals(FolderStore):
    async def subscribe(self, request: SubscribeRequest, notify: Notify) -> None:
        class Emptying(Through):
            async def __call__(self, changes: Changes) -> None:
                await self.notify({key: item or Item(value="") for key, item in changes.items()})

        await super().subscribe(request, Emptying(notify))


class TellsEverything(FolderStore):
    async def subscribe(self, request: SubscribeRequest, notify: Notify) -> None:
        await super().subscribe(replace(request, keys=()), notify)


class KnowsWhatItKnew(FolderStore):
    """A subscription without keys becomes one to the keys there are."""

    async def subscribe(self, request: SubscribeRequest, notify: Notify) -> None:
        keys = request.keys or [*self.read(()), "none"]
        await super().subscribe(replace(request, keys=keys), notify)


class OneEndEndsAll(FolderStore):
    def __init__(self) -> None:
        self.ended = asyncio.Event()

    async def subscribe(self, request: SubscribeRequest, notify: Notify) -> None:
        running = asyncio.create_task(super().subscribe(request, notify))
        ended = asyncio.create_task(self.ended.wait())
        try:
            await asyncio.wait([running, ended], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.ended.set()
            running.cancel()
            ended.cancel()
            await asyncio.wait([running, ended])


CONFIGURATION: dict[str, Broken] = {
    "item-is-answered": Broken(AnswersAll),
    "missing-key-is-left-out": Broken(MissingIsAnError),
    "no-keys-are-all-keys": Broken(NoKeysAreNoItems),
    "subscription-says-that-it-stands": Broken(NeverReady),
    "subscription-stays-open-in-silence": Broken(EndsByItself),
    "what-was-there-before-is-not-told": Broken(TellsWhatThereIs),
    "change-is-told": Broken(TellsOldValues),
    "removal-is-told": Broken(ForgetsRemovals),
    "only-its-keys-are-told": Broken(TellsEverything),
    "subscription-without-keys-hears-of-all": Broken(KnowsWhatItKnew),
    "end-of-a-subscription-disturbs-no-other": Broken(OneEndEndsAll),
}


class HasOneLock(Locks):
    async def try_lock(self, request: TryLockRequest) -> bool:
        return await super().try_lock(replace(request, resource="the lock"))


class LocksForAnybody(Locks):
    async def try_lock(self, request: TryLockRequest) -> bool:
        held = self.owner(request.resource)
        return held != request.owner and (await super().try_lock(request) or held is not None)


class Renews(Locks):
    async def try_lock(self, request: TryLockRequest) -> bool:
        return self.owner(request.resource) == request.owner or await super().try_lock(request)


class LooksThenLocks(Locks):
    """Looks, takes its time, and locks."""

    async def try_lock(self, request: TryLockRequest) -> bool:
        if self.owner(request.resource) is not None:
            return False
        await asyncio.sleep(0.02)  # long enough for all others to look
        self.held[request.resource] = request.owner, self.clock() + request.expiry_seconds
        return True


class KeepsLocks(Locks):
    async def unlock(self, request: UnlockRequest) -> UnlockStatus:
        return UnlockStatus.SUCCESS


class MissingLockIsAnError(Locks):
    async def unlock(self, request: UnlockRequest) -> UnlockStatus:
        status = await super().unlock(request)
        if status is UnlockStatus.LOCK_DOES_NOT_EXIST:
            raise NotFoundError(request.resource)
        return status


class TellsNoOwners(Locks):
    async def unlock(self, request: UnlockRequest) -> UnlockStatus:
        status = await super().unlock(request)
        others = status is UnlockStatus.LOCK_BELONGS_TO_OTHERS
        return UnlockStatus.LOCK_DOES_NOT_EXIST if others else status


class UnlocksForAnybody(Locks):
    async def unlock(self, request: UnlockRequest) -> UnlockStatus:
        status = await super().unlock(request)
        self.held.pop(request.resource, None)
        return status


class CountsMilliseconds(Locks):
    async def try_lock(self, request: TryLockRequest) -> bool:
        found = await super().try_lock(request)
        if found:
            self.held[request.resource] = request.owner, self.clock() + request.expiry_seconds / 1000
        return found


class LocksForEver(Locks):
    async def try_lock(self, request: TryLockRequest) -> bool:
        return await super().try_lock(replace(request, expiry_seconds=3600))


LOCK: dict[str, Broken] = {
    "free-lock-is-taken": Broken(HasOneLock),
    "taken-lock-is-refused": Broken(LocksForAnybody),
    "lock-is-not-renewed": Broken(Renews),
    "one-of-many-gets-a-lock": Broken(LooksThenLocks),
    "unlocked-lock-is-free": Broken(KeepsLocks),
    "unlock-of-a-free-lock-says-so": Broken(MissingLockIsAnError),
    "unlock-by-another-says-so": Broken(TellsNoOwners),
    "unlock-by-another-changes-nothing": Broken(UnlocksForAnybody),
    "lock-is-kept-for-its-time": Broken(CountsMilliseconds),
    "lock-ends-with-its-time": Broken(LocksForEver),
    "lock-without-a-time-is-refused": Broken(
        Locks, answering(names.LOCK_STORE, "TryLock", lock_pb2.TryLockResponse(success=True))
    ),
}
