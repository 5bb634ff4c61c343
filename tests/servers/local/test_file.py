from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pluggable.errors import InitError, MetadataError, NotFoundError
from pluggable.metadata import Metadata
from pluggable.secretstores import GetRequest
from pluggable_servers.local.file import FileSecretStore

CONTENT = {
    "redisPassword": "hunter2",
    "db": {"user": "me", "hosts": ["a", "b"], "port": 5432, "tls": True, "none": None},
}


async def opened(folder: Path, content: Any = CONTENT, **properties: str) -> FileSecretStore:
    file = folder / "secrets.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    store = FileSecretStore()
    await store.init(Metadata({"secretsFile": str(file), **properties}))
    return store


async def get(store: FileSecretStore, key: str) -> Mapping[str, str]:
    return await store.get(GetRequest(key=key))


async def test_leaves_are_secrets(tmp_path: Path) -> None:
    store = await opened(tmp_path)

    assert await get(store, "redisPassword") == {"redisPassword": "hunter2"}
    assert await get(store, "db:hosts:1") == {"db:hosts:1": "b"}
    assert sorted(await store.bulk_get()) == [
        "db:hosts:0",
        "db:hosts:1",
        "db:port",
        "db:tls",
        "db:user",
        "redisPassword",
    ]
    assert store.features == ()


async def test_numbers_are_their_json_text(tmp_path: Path) -> None:
    store = await opened(tmp_path, NestedSeparator=".")

    assert await get(store, "db.port") == {"db.port": "5432"}
    assert await get(store, "db.tls") == {"db.tls": "true"}


async def test_objects_are_secrets_when_multi_valued(tmp_path: Path) -> None:
    store = await opened(tmp_path, {**CONTENT, "list": [1]}, multiValued="true")

    assert await get(store, "redisPassword") == {"redisPassword": "hunter2"}
    assert (await get(store, "db"))["hosts:0"] == "a"
    assert sorted(await store.bulk_get()) == ["db", "redisPassword"]
    assert store.features == ("MULTIPLE_KEY_VALUES_PER_SECRET",)


async def test_missing_secret_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="secret key1 not found"):
        await get(await opened(tmp_path), "key1")


async def test_first_of_two_names_counts(tmp_path: Path) -> None:
    store = await opened(tmp_path, {"a": {"b": "one"}, "a:b": "two"})

    assert await get(store, "a:b") == {"a:b": "one"}


async def test_file_must_be_named() -> None:
    with pytest.raises(MetadataError, match="secretsFile is missing"):
        await FileSecretStore().init(Metadata({}))


async def test_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(InitError, match=r"none\.json cannot be read: No such file"):
        await FileSecretStore().init(Metadata({"secretsFile": str(tmp_path / "none.json")}))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("[1]", "holds a JSON list, wanted an object"),
        ('{"a": "hunter2\n"}', "is no JSON at line 1, column 15"),
        ("", "is no JSON at line 1, column 1"),
    ],
)
async def test_content_must_be_an_object(tmp_path: Path, content: str, fault: str) -> None:
    with pytest.raises(InitError, match=fault) as raised:
        await opened(tmp_path, content)
    assert "hunter2" not in str(raised.value)
