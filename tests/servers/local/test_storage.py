from __future__ import annotations

import base64
import json
import os
import uuid
from pathlib import Path

import pytest

from pluggable.bindings import InvokeRequest, InvokeResponse
from pluggable.errors import ComponentError, InvalidRequestError, MetadataError, NotFoundError
from pluggable.metadata import Metadata
from pluggable_servers.local.storage import LocalStorageBinding


def is_folder(path: Path) -> bool:
    return path.is_dir()


def names_below(path: Path) -> list[str]:
    return [each.name for each in path.rglob("*")]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "root"


@pytest.fixture
async def storage(root: Path) -> LocalStorageBinding:
    storage = LocalStorageBinding()
    await storage.init(Metadata({"rootPath": str(root)}))
    return storage


async def invoke(
    storage: LocalStorageBinding, operation: str, name: str | None = None, data: bytes = b""
) -> InvokeResponse:
    metadata = {} if name is None else {"fileName": name}
    return await storage.invoke(InvokeRequest(operation=operation, data=data, metadata=metadata))


async def test_root_is_made(storage: LocalStorageBinding, root: Path) -> None:
    assert is_folder(root)
    await storage.ping()


async def test_file_comes_back(storage: LocalStorageBinding, root: Path) -> None:
    created = await invoke(storage, "create", "a/b.txt", b"hello there")

    assert created.data == b'{"fileName":"a/b.txt"}'
    assert (root / "a" / "b.txt").read_bytes() == b"hello there"
    assert (await invoke(storage, "get", "a/b.txt")).data == b"hello there"


async def test_nameless_file_gets_a_uuid(storage: LocalStorageBinding, root: Path) -> None:
    created = await invoke(storage, "create", data=b"x y")

    name = json.loads(created.data or b"")["fileName"]
    assert uuid.UUID(name)
    assert (root / name).read_bytes() == b"x y"


@pytest.mark.parametrize(
    ("data", "stored"),
    [
        (b'"say \\"hi\\""', b'say "hi"'),
        (base64.b64encode(b"\x00\xff"), b"\x00\xff"),
        (b'"' + base64.b64encode(b"\x00\xff") + b'"', b"\x00\xff"),
        (b"AAH\n/", b"\x00\x01\xff"),
        (b'"open', b'"open'),
        (b"\xff\xfe", b"\xff\xfe"),
        (b'{"a": 1}', b'{"a": 1}'),
        (b"", b""),
    ],
)
async def test_data_is_unquoted_and_decoded(
    storage: LocalStorageBinding, root: Path, data: bytes, stored: bytes
) -> None:
    await invoke(storage, "create", "f", data)

    assert (root / "f").read_bytes() == stored


async def test_deleted_file_is_gone(storage: LocalStorageBinding, root: Path) -> None:
    await invoke(storage, "create", "f", b"x y")

    assert await invoke(storage, "delete", "f") == InvokeResponse()
    assert names_below(root) == []
    with pytest.raises(NotFoundError, match=r"error deleting file .*/f: No such file"):
        await invoke(storage, "delete", "f")


async def test_missing_file_is_named(storage: LocalStorageBinding, root: Path) -> None:
    with pytest.raises(NotFoundError, match=f"file not found: {root}/nope"):
        await invoke(storage, "get", "nope")


async def test_list_is_recursive_and_sorted(storage: LocalStorageBinding, root: Path) -> None:
    for name in ("b", "a/z", "a/y/x", "c"):
        await invoke(storage, "create", name, b"x y")

    listed = await invoke(storage, "list")
    below = await invoke(storage, "list", "a")

    assert json.loads(listed.data or b"") == [f"{root}/{name}" for name in ("a/y/x", "a/z", "b", "c")]
    assert json.loads(below.data or b"") == [f"{root}/a/y/x", f"{root}/a/z"]


async def test_empty_list_is_null(storage: LocalStorageBinding) -> None:
    assert (await invoke(storage, "list")).data == b"null"


async def test_file_is_not_listed(storage: LocalStorageBinding) -> None:
    await invoke(storage, "create", "f", b"x y")

    with pytest.raises(InvalidRequestError, match="is a file, wanted a directory"):
        await invoke(storage, "list", "f")


def prepare_ways_out(root: Path) -> None:
    (root.parent / "secret").write_text("mine")
    (root / "up").symlink_to("..")
    (root / "away").symlink_to(root.parent)


@pytest.mark.parametrize("name", ["../../secret", "/../secret", "up/secret", "away/secret", "a/../../secret"])
async def test_no_name_leads_out(storage: LocalStorageBinding, root: Path, name: str) -> None:
    prepare_ways_out(root)

    with pytest.raises(NotFoundError):
        await invoke(storage, "get", name)
    await invoke(storage, "create", name, b"x y")

    assert (root.parent / "secret").read_text() == "mine"
    assert "secret" in names_below(root)


@pytest.mark.parametrize(
    ("operation", "name", "fault"),
    [
        ("get", None, "fileName is missing"),
        ("delete", None, "fileName is missing"),
        ("delete", "..", "stands for rootPath itself"),
        ("get", "circle", "more than 255 links"),
        ("get", "zero\0", "it has a zero byte"),
        ("create", ".", "error creating file .*: Is a directory"),
        ("copy", "f", "unsupported operation copy, wanted one of create, get, list, delete"),
    ],
)
async def test_bad_request_says_why(
    storage: LocalStorageBinding, root: Path, operation: str, name: str | None, fault: str
) -> None:
    (root / "circle").symlink_to("circle")

    with pytest.raises(InvalidRequestError, match=fault):
        await invoke(storage, operation, name)


@pytest.mark.parametrize("place", ["/proc", "/sys/kernel", "/var/run/secrets/x", "/proc/../proc/self"])
async def test_system_folders_are_refused(place: str) -> None:
    with pytest.raises(MetadataError, match="points to a disallowed location"):
        await LocalStorageBinding().init(Metadata({"rootPath": place}))


async def test_link_to_system_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/proc")

    with pytest.raises(MetadataError, match="points to a disallowed location"):
        await LocalStorageBinding().init(Metadata({"rootPath": str(tmp_path / "link")}))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "file"
    file.touch()
    return file


async def test_root_must_be_given_and_a_folder(file: Path) -> None:
    with pytest.raises(MetadataError, match="rootPath is missing"):
        await LocalStorageBinding().init(Metadata({}))
    with pytest.raises(MetadataError, match="represents a file and not a directory"):
        await LocalStorageBinding().init(Metadata({"rootPath": str(file / "x")}))


async def test_vanished_root_fails_the_ping(storage: LocalStorageBinding, root: Path) -> None:
    os.rmdir(root)

    with pytest.raises(ComponentError, match="is gone"):
        await storage.ping()
