from __future__ import annotations

import asyncio
import os
from typing import ClassVar

import pytest

from pluggable import InitError, Metadata, StateStore
from pluggable._wire import names
from pluggable._wire.status import error_of
from pluggable.errors import NotInitializedError, TimedOutError
from pluggable.serving.instances import PROCESS, Instances, Key
from pluggable.state import DeleteRequest, GetRequest, GetResponse, SetRequest
from pluggable.transport import Code, StatusError
from tests.serving.conftest import Opener


class Store(StateStore):
    """Says whose it is; ``get`` of "wait" waits to be told."""

    def __init__(self, made: list[Store]) -> None:
        self.go = asyncio.Event()
        self.waiting = asyncio.Event()
        self.closed = asyncio.Event()
        made.append(self)

    async def init(self, metadata: Metadata) -> None:
        self.word = metadata.properties["word"]
        if self.word == "bad":
            raise InitError("the backend refuses")

    async def get(self, request: GetRequest) -> GetResponse | None:
        if request.key == "wait":
            self.waiting.set()
            await self.go.wait()
        if request.key == "fail":
            raise RuntimeError("hunter2")
        return GetResponse(data=self.word.encode())

    async def set(self, request: SetRequest) -> None: ...

    async def delete(self, request: DeleteRequest) -> None: ...

    async def close(self) -> None:
        self.closed.set()


class OnlyOwner(Store):
    """Admits one owner."""

    exclusive: ClassVar[bool] = True

    async def init(self, metadata: Metadata) -> None:
        assert not OnlyOwner.owners
        OnlyOwner.owners.append(self)
        await super().init(metadata)

    async def close(self) -> None:
        OnlyOwner.owners.remove(self)
        await super().close()

    owners: ClassVar[list[Store]] = []


@pytest.fixture
def made() -> list[Store]:
    return []


async def test_call_before_init_is_refused(opened: Opener, made: list[Store]) -> None:
    caller = await opened(lambda: Store(made))

    with pytest.raises(StatusError, match=r'state\.mine "orders" is not initialised') as caught:
        await caller.get("k")
    assert isinstance(error_of(caught.value), NotInitializedError)


async def test_init_makes_a_fresh_object(opened: Opener, made: list[Store]) -> None:
    caller = await opened(lambda: Store(made))
    await caller.init(word="one")
    await caller.init(word="two")

    assert await caller.get("k") == b"two"


async def test_each_client_has_its_own(opened: Opener, made: list[Store]) -> None:
    one = await opened(lambda: Store(made))
    two = one.other(client="another-sidecar")
    three = one.other(instance="prices")
    await one.init(word="one")
    await two.init(word="two")
    await three.init(word="three")

    assert [await each.get("k") for each in (one, two, three)] == [b"one", b"two", b"three"]


async def test_predecessor_ends_its_calls_first(opened: Opener, made: list[Store]) -> None:
    caller = await opened(lambda: Store(made))
    await caller.init(word="one")
    old = made[-1]
    slow = asyncio.create_task(caller.get("wait"))
    await old.waiting.wait()
    await caller.init(word="two")

    assert await caller.get("k") == b"two"
    assert not old.closed.is_set()
    old.go.set()
    assert await slow == b"one"
    await asyncio.wait_for(old.closed.wait(), 5)


async def test_failed_init_keeps_the_old(opened: Opener, made: list[Store]) -> None:
    caller = await opened(lambda: Store(made))
    await caller.init(word="one")

    with pytest.raises(StatusError, match="the backend refuses"):
        await caller.init(word="bad")
    assert await caller.get("k") == b"one"


async def test_exclusive_predecessor_is_closed_first(opened: Opener, made: list[Store]) -> None:
    OnlyOwner.owners.clear()
    caller = await opened(lambda: OnlyOwner(made))
    await caller.init(word="one")
    owner = made[-1]
    await caller.init(word="two")

    assert owner.closed.is_set()
    assert await caller.get("k") == b"two"


async def test_failed_exclusive_init_leaves_nobody(opened: Opener, made: list[Store]) -> None:
    OnlyOwner.owners.clear()
    caller = await opened(lambda: OnlyOwner(made))
    await caller.init(word="one")
    with pytest.raises(StatusError, match="the backend refuses"):
        await caller.init(word="bad")

    with pytest.raises(StatusError, match="is not initialised"):
        await caller.get("k")


async def test_nameless_failure_keeps_its_text(
    opened: Opener, made: list[Store], caplog: pytest.LogCaptureFixture
) -> None:
    caller = await opened(lambda: Store(made))
    await caller.init(word="one")

    with pytest.raises(StatusError, match=r"state\.mine: Get failed unexpectedly") as caught:
        await caller.get("fail")
    assert caught.value.code is Code.INTERNAL
    assert "hunter2" not in str(caught.value)
    assert "hunter2" in caplog.text


async def test_broken_message_is_refused(opened: Opener, made: list[Store]) -> None:
    caller = await opened(lambda: Store(made))
    await caller.init(word="one")

    with pytest.raises(StatusError, match="no message of this method") as caught:
        await caller.channel.unary(
            names.path(names.STATE_STORE, "Get"), b"\xff\xff", metadata=caller.metadata, timeout=5
        )
    assert caught.value.code is Code.INVALID_ARGUMENT


KEY = Key("", "state", "orders")


def instances(made: list[Store], retire_seconds: float) -> Instances[Store]:
    return Instances("state.mine", lambda: Store(made), exclusive=False, retire_seconds=retire_seconds)


async def test_predecessor_is_closed_after_its_time(made: list[Store]) -> None:
    found = instances(made, 0.01)
    await found.init(KEY, Metadata({"word": "one"}))
    stream = found.of(KEY)
    with stream as old:
        await found.init(KEY, Metadata({"word": "two"}))
        await asyncio.wait_for(stream.ending.wait(), 5)

    await asyncio.wait_for(old.closed.wait(), 5)
    assert stream.paused
    assert not made[-1].closed.is_set()
    await found.close()
    assert made[-1].closed.is_set()


async def test_hung_init_is_given_up(made: list[Store], monkeypatch: pytest.MonkeyPatch) -> None:
    found = instances(made, 0)
    monkeypatch.setattr("pluggable.serving.instances.INIT_SECONDS", 0.01)
    with monkeypatch.context() as hung:
        hung.setattr(Store, "init", lambda _self, _metadata: asyncio.Event().wait())
        with pytest.raises(TimedOutError, match=r'state\.mine "orders" was not ready after 0\.01 s'):
            await found.init(KEY, Metadata({"word": "one"}))
    monkeypatch.undo()

    await found.init(KEY, Metadata({"word": "two"}))
    assert found.of(KEY).component.word == "two"


async def test_hung_close_is_left_alone(
    made: list[Store], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("pluggable.serving.instances.CLOSE_SECONDS", 0.01)
    found = instances(made, 30)
    await found.init(KEY, Metadata({"word": "one"}))
    monkeypatch.setattr(made[-1], "close", asyncio.Event().wait)

    async with asyncio.timeout(5):
        await found.close()
    assert 'state.mine "orders" closing took longer than 0.01 s' in caplog.text


async def test_closing_ends_what_was_retiring(made: list[Store]) -> None:
    found = instances(made, 30)
    await found.init(KEY, Metadata({"word": "one"}))
    stream = found.of(KEY)
    with stream as old:
        await found.init(KEY, Metadata({"word": "two"}))
        closing = asyncio.create_task(found.close())
        await asyncio.wait_for(stream.ending.wait(), 5)

    async with asyncio.timeout(5):
        await closing
    assert old.closed.is_set()


async def test_inits_of_one_key_wait_for_each_other(made: list[Store]) -> None:
    found = instances(made, 0)
    async with asyncio.TaskGroup() as tasks:
        for word in ("one", "two"):
            tasks.create_task(found.init(KEY, Metadata({"word": word})))

    assert found.of(KEY).component.word == "two"
    await found.close()
    assert all(each.closed.is_set() for each in made)


async def ended_process() -> str:
    process = await asyncio.create_subprocess_exec("true")
    await process.wait()
    return f"{PROCESS}{process.pid}"


@pytest.mark.parametrize("exclusive", [False, True])
async def test_instance_of_a_dead_daprd_gives_way(made: list[Store], exclusive: bool) -> None:
    found = Instances("state.mine", lambda: Store(made), exclusive=exclusive, retire_seconds=0)
    await found.init(Key(await ended_process(), "state", "orders"), Metadata({"word": "one"}))
    await found.init(Key(await ended_process(), "state", "others"), Metadata({"word": "two"}))

    await found.init(Key(f"{PROCESS}{os.getpid()}", "state", "orders"), Metadata({"word": "three"}))

    await asyncio.wait_for(made[0].closed.wait(), 5)
    assert not made[1].closed.is_set()
    assert not made[2].closed.is_set()
    await found.close()


async def test_instances_of_living_daprds_stay(made: list[Store]) -> None:
    found = instances(made, 0)
    for client in (f"{PROCESS}{os.getpid()}", f"{PROCESS}{os.getppid()}", "a-sidecar", ""):
        await found.init(Key(client, "state", "orders"), Metadata({"word": client}))

    assert [each.component.word for each in found] == [each.word for each in made]
    assert len(made) == 4
    await found.close()
