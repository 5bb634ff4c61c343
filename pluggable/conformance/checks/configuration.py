"""What holds for every configuration store. Its items are written by commands that the profile names."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from ..._proto.pluggable.components.v1alpha1 import configuration_pb2 as pb
from ..._wire import configuration as wire, names
from ...configuration import GetRequest, Item, SubscribeRequest
from ...remote import RemoteConfigurationStore
from ...transport import ClientStream, StatusError
from ..check import InapplicableError, ViolationError, check, expect, same
from ..commands import run
from ..target import Target

#: How long a stream is listened to that should say nothing.
LISTEN_SECONDS: Final = 0.5
#: What a key is set to after a subscription has ended, one after the other.
LATER: Final = ("3", "4", "5", "6", "7", "8")


async def written(target: Target, key: str = "", value: str = "1") -> str:
    """Write an item, and return its key."""
    if not target.profile.write:
        raise InapplicableError(
            'the profile names no command that writes items: write = ["…", "{key}", "{value}"]'
        )
    key = key or target.name("key")
    await run(target.profile.write, key=key, value=value)
    return key


async def removed(target: Target, key: str) -> None:
    """Remove an item."""
    if not target.profile.remove:
        raise InapplicableError('the profile names no command that removes items: remove = ["…", "{key}"]')
    await run(target.profile.remove, key=key)


async def got(target: Target, *keys: str) -> dict[str, Item]:
    """Get items."""
    return await target.far_end(RemoteConfigurationStore).get(GetRequest(keys=keys))


class Listener:
    """A subscription on a stream of its own."""

    def __init__(self, target: Target, stream: ClientStream) -> None:
        self._target = target
        self._stream = stream

    async def stands(self) -> None:
        """Wait until the component says that the subscription stands, by its headers."""
        headers = asyncio.create_task(self._stream.headers())
        await asyncio.wait([headers], timeout=self._target.profile.wait_seconds)
        if not headers.done():
            headers.cancel()
            raise ViolationError("no headers of a subscription", "headers, as soon as it stands")

    async def hears(self, key: str, value: str | None) -> None:
        """Wait for a change of a key to a value, ``None`` for its end; others may come before."""
        try:
            async with self._target.within():
                while not _says(await self.next(), key, value):
                    pass
        except TimeoutError:
            wait = f"within {self._target.profile.wait_seconds:g} s"
            raise ViolationError(f"no word of a change {wait}", _wanted(key, value)) from None

    async def next(self) -> dict[str, Item | None]:
        """Return the next changes."""
        try:
            data = await self._stream.receive()
        except StatusError as status:
            raise ViolationError(
                f"a subscription that ended with {status}", "one that stays open"
            ) from status
        if data is None:
            raise ViolationError("a subscription that ended by itself", "one that stays open")
        return wire.subscribe_response(pb.SubscribeConfigurationResponse.FromString(data))

    async def hears_nothing(self) -> None:
        """See that nothing comes for a while; afterwards the stream is of no use."""
        try:
            async with asyncio.timeout(LISTEN_SECONDS):
                found = await self.next()
        except TimeoutError:
            return
        raise ViolationError(f"word of {', '.join(found) or 'nothing'}", "silence until something changes")


@asynccontextmanager
async def listening(target: Target, keys: Sequence[str] = ()) -> AsyncIterator[Listener]:
    """Subscribe, and wait until that stands."""
    stream = target.stream(names.CONFIGURATION_STORE, "Subscribe")
    request = SubscribeRequest(keys=keys)
    try:
        await stream.send(wire.subscribe_request_pb(request).SerializeToString())
        await stream.half_close()
        listener = Listener(target, stream)
        await listener.stands()
        yield listener
    finally:
        stream.cancel("enough")


@check("configuration")
async def item_is_answered(target: Target) -> None:
    """Get answers with the value of a key, and no other key's (contrib: tests/conformance/configuration)."""
    key, _ = await written(target, value="größer"), await written(target)
    found = await got(target, key)
    same({each: item.value for each, item in found.items()}, {key: "größer"}, "the items are")


@check("configuration")
async def missing_key_is_left_out(target: Target) -> None:
    """A key that is not there is no error, and no item."""
    same(await got(target, target.name("missing")), {}, "a missing key is answered with")


@check("configuration")
async def no_keys_are_all_keys(target: Target) -> None:
    """Get without keys answers with all items."""
    keys = {await written(target), await written(target)}
    found = await got(target)
    same(keys & found.keys(), keys, "of two keys that were written there are")


@check("configuration")
async def subscription_says_that_it_stands(target: Target) -> None:
    """Headers come as soon as changes will be told, for a subscriber has to know before he gets the items."""
    async with listening(target, [target.name("key")]):
        pass


@check("configuration")
async def subscription_stays_open_in_silence(target: Target) -> None:
    """A stream goes on, whether or not something changes, and says nothing while nothing does."""
    async with listening(target, [target.name("key")]) as listener:
        await listener.hears_nothing()


@check("configuration")
async def what_was_there_before_is_not_told(target: Target) -> None:
    """A subscription begins without the items that there are: who wants them has Get."""
    key = await written(target)
    async with listening(target, [key]) as listener:
        await listener.hears_nothing()


@check("configuration")
async def change_is_told(target: Target) -> None:
    """A key that is written anew, or for the first time, is told with its value."""
    key, new = await written(target), target.name("key")
    async with listening(target, [key, new]) as listener:
        await written(target, key, "2")
        await listener.hears(key, "2")
        await written(target, new, "größer")
        await listener.hears(new, "größer")


@check("configuration")
async def removal_is_told(target: Target) -> None:
    """A key that is removed is told as gone."""
    key = await written(target)
    async with listening(target, [key]) as listener:
        await removed(target, key)
        await listener.hears(key, None)


@check("configuration")
async def only_its_keys_are_told(target: Target) -> None:
    """A subscription to keys hears of no others."""
    mine, other = target.name("mine"), target.name("other")
    async with listening(target, [mine]) as listener:
        await written(target, other)
        await written(target, mine)
        async with target.within():
            found = await listener.next()
    same(sorted(found), [mine], "the keys of the first change are")


@check("configuration")
async def subscription_without_keys_hears_of_all(target: Target) -> None:
    """A subscription without keys hears of every key, also of one that was not there."""
    new = target.name("new")
    async with listening(target) as listener:
        await written(target, new, "2")
        await listener.hears(new, "2")


@check("configuration")
async def end_of_a_subscription_disturbs_no_other(target: Target) -> None:
    """When one subscription ends, another to the same key goes on."""
    key = await written(target)
    async with listening(target, [key]) as listener:
        async with listening(target, [key]) as ended:
            await written(target, key, "2")
            await ended.hears(key, "2")
            await listener.hears(key, "2")
        for value in LATER:  # what an end does to others, it may not do at once
            await written(target, key, value)
            await listener.hears(key, value)


def _says(changes: dict[str, Item | None], key: str, value: str | None) -> bool:
    if key not in changes:
        return False
    item = changes[key]
    found = None if item is None else item.value
    expect(found == value, found=f"{key} told as {found!r}", wanted=_wanted(key, value))
    return True


def _wanted(key: str, value: str | None) -> str:
    return f"word that {key} is gone" if value is None else f"word that {key} is {value!r}"
