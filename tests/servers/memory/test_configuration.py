from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from pluggable.configuration import Changes, ConfigurationStore, GetRequest, Item, Notify, SubscribeRequest
from pluggable.errors import InitError
from pluggable.metadata import Metadata
from pluggable_servers.memory.configuration import InMemoryConfigurationStore


class News(Notify):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[Changes] = asyncio.Queue()
        self.stands = asyncio.Event()

    async def __call__(self, changes: Changes) -> None:
        self.told.put_nowait(changes)

    def ready(self) -> None:
        self.stands.set()


async def store_of(**properties: str) -> InMemoryConfigurationStore:
    store = InMemoryConfigurationStore()
    await store.init(Metadata(properties, "settings"))
    return store


async def got(store: ConfigurationStore, *keys: str) -> Mapping[str, Item]:
    return await store.get(GetRequest(keys=keys))


async def test_settings_stand_in_the_yaml() -> None:
    store = await store_of(items='{"a": "1", "b": {"value": "2", "version": "v", "metadata": {"k": "x"}}}')

    assert await got(store) == {"a": Item(value="1"), "b": Item(value="2", version="v", metadata={"k": "x"})}
    assert await got(store, "a", "missing") == {"a": Item(value="1")}


async def test_file_goes_before_the_yaml(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"a": "file"}')
    store = await store_of(items='{"a": "yaml", "b": "yaml"}', itemsFile=str(file))

    assert {key: item.value for key, item in (await got(store)).items()} == {"a": "file", "b": "yaml"}


async def test_change_of_the_file_is_told(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"a": "1", "b": "1"}')
    store, news = await store_of(items='{"b": "yaml"}', itemsFile=str(file)), News()
    listening = asyncio.create_task(store.subscribe(SubscribeRequest(keys=("a", "b")), news))
    try:
        async with asyncio.timeout(10):
            await news.stands.wait()
            file.write_text('{"a": "22", "c": "1"}')

            assert await news.told.get() == {"a": Item(value="22"), "b": Item(value="yaml")}
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def test_file_that_cannot_be_read_leaves_what_was(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"a": "1"}')
    store = await store_of(itemsFile=str(file))

    for spoilt in ("{", "[]", '{"a": 1}', '{"a": {"value": "1", "more": 2}}'):
        file.write_text(spoilt)
        assert await got(store) == {"a": Item(value="1")}
    file.unlink()
    assert await got(store) == {"a": Item(value="1")}
    assert caplog.text.count("is not read, what it had holds") == 5
    file.write_text('{"a": "2"}')
    assert await got(store) == {"a": Item(value="2")}


@pytest.mark.parametrize(
    ("items", "fault"),
    [
        ("{", "items: Expecting"),
        ("[]", "items: it is a list, wanted a JSON object"),
        ('{"a": 1}', 'items: "a" is 1, wanted a text or an object'),
        ('{"a": {"value": "1", "metadata": {"k": 1}}}', '"a" is '),
    ],
)
async def test_settings_that_cannot_be_are_refused(items: str, fault: str) -> None:
    with pytest.raises(InitError, match=fault):
        await store_of(items=items)


async def test_file_that_is_missing_at_start_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InitError, match=r"itemsFile .*missing\.json"):
        await store_of(itemsFile=str(tmp_path / "missing.json"))
