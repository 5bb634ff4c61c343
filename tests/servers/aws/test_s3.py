from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from pluggable import Metadata
from pluggable.bindings import InvokeRequest, InvokeResponse
from pluggable.errors import (
    ComponentError,
    InvalidRequestError,
    MetadataError,
    NotFoundError,
    UnavailableError,
)
from pluggable_servers.aws import bucket as sizes
from pluggable_servers.aws.s3 import S3Binding
from tests.backends.moto import Moto
from tests.servers.aws.opening import opened

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("aws")]


def properties(moto: Moto, bucket: str, **more: str) -> dict[str, str]:
    return {**moto.properties, "bucket": bucket, "forcePathStyle": "true", **more}


@pytest.fixture
async def binding(moto: Moto, s3: Any, name: str) -> AsyncIterator[S3Binding]:
    await s3.create_bucket(Bucket=name)
    async with opened(S3Binding, properties(moto, name)) as found:
        yield found


async def ask(binding: S3Binding, operation: str, data: Any = b"", **metadata: str) -> InvokeResponse:
    given = data if isinstance(data, bytes) else json.dumps(data).encode()
    return await binding.invoke(InvokeRequest(operation=operation, data=given, metadata=metadata))


async def answer(binding: S3Binding, operation: str, data: Any = b"", **metadata: str) -> Any:
    found = (await ask(binding, operation, data, **metadata)).data
    assert found is not None
    return json.loads(found)


async def stored(s3: Any, bucket: str, key: str) -> bytes:
    data: bytes = await (await s3.get_object(Bucket=bucket, Key=key))["Body"].read()
    return data


async def test_object_is_stored_with_what_belongs_to_it(s3: Any, binding: S3Binding, name: str) -> None:
    metadata = {
        "key": "dir/a b",
        "Content-Type": " text/x ",
        "storageClass": "STANDARD_IA",
        "tags": "team=a b, cost=1%2F2",
    }
    found = await ask(binding, "create", b'"w\\u00f6rd"', **metadata)

    head = await s3.head_object(Bucket=name, Key="dir/a b")
    tags = (await s3.get_object_tagging(Bucket=name, Key="dir/a b"))["TagSet"]
    assert found.metadata == {"key": "dir/a b"}
    assert await stored(s3, name, "dir/a b") == "wörd".encode()
    assert (head["ContentType"], head["StorageClass"]) == ("text/x", "STANDARD_IA")
    assert tags == [{"Key": "team", "Value": "a b"}, {"Key": "cost", "Value": "1/2"}]


async def test_object_without_a_key_gets_one(s3: Any, binding: S3Binding, name: str) -> None:
    key = (await ask(binding, "create", b"x")).metadata["key"]

    assert len(key) == 36
    assert await stored(s3, name, key) == b"x"
    assert (await s3.head_object(Bucket=name, Key=key))["ContentType"] == "application/octet-stream"


async def test_version_is_told(s3: Any, binding: S3Binding, name: str) -> None:
    await s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})

    found = await answer(binding, "create", b"x", key="a")

    assert found["versionID"] == (await s3.head_object(Bucket=name, Key="a"))["VersionId"]


async def test_base64_is_decoded_and_encoded(s3: Any, binding: S3Binding, name: str) -> None:
    await ask(binding, "create", b'"/wAB\\n"', key="a", decodeBase64="true")

    assert await stored(s3, name, "a") == b"\xff\x00\x01"
    assert (await ask(binding, "get", key="a", encodeBase64="true")).data == b"/wAB"
    with pytest.raises(InvalidRequestError, match="the data is no base64"):
        await ask(binding, "create", b"!!", key="b", decodeBase64="true")


async def test_file_is_stored(s3: Any, binding: S3Binding, name: str, tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"\x00\xff")
    (tmp_path / "encoded").write_bytes(base64.b64encode(b"\x00\xff"))

    await ask(binding, "create", key="a", filePath=str(tmp_path / "plain"))
    await ask(binding, "create", key="b", filePath=str(tmp_path / "encoded"), decodeBase64="1")

    assert await stored(s3, name, "a") == await stored(s3, name, "b") == b"\x00\xff"
    with pytest.raises(InvalidRequestError, match=r"file read error: .*/none: No such file"):
        await ask(binding, "create", key="c", filePath=str(tmp_path / "none"))


@pytest.mark.parametrize("place", ["data", "file"])
async def test_large_object_goes_in_parts(
    s3: Any, binding: S3Binding, name: str, tmp_path: Path, place: str
) -> None:
    data = b"0123456789abcdef" * (sizes.PARTS_FROM // 16) + b"end"
    (tmp_path / "large").write_bytes(data)
    if place == "data":
        await ask(binding, "create", data, key="a")
    else:
        await ask(binding, "create", key="a", filePath=str(tmp_path / "large"))

    assert (await s3.head_object(Bucket=name, Key="a"))["ETag"].endswith('-3"')
    assert (await ask(binding, "get", key="a")).data == data
    assert "Uploads" not in await s3.list_multipart_uploads(Bucket=name)


async def test_signed_address_gives_the_object(binding: S3Binding) -> None:
    found = await ask(binding, "create", b"x", key="a b", presignTTL="1m")
    assert found.data is not None
    assert rb"\u0026" in found.data  # as Go's encoder writes it
    for url in (
        json.loads(found.data)["presignURL"],
        (await answer(binding, "presign", key="a b", presignTTL="90s"))["presignURL"],
    ):
        with urllib.request.urlopen(url, timeout=10) as got:  # noqa: ASYNC210  it is the far side's
            assert got.read() == b"x"


@pytest.mark.parametrize("ttl", ["", "90", "soon", "0s", "-1m"])
async def test_address_needs_a_duration(binding: S3Binding, ttl: str) -> None:
    with pytest.raises(InvalidRequestError, match="presignTTL"):
        await ask(binding, "presign", key="a", presignTTL=ttl)


async def test_list_goes_on_where_it_ended(binding: S3Binding) -> None:
    for key in ("a", "b", "dir/c", "dir/d e"):
        await ask(binding, "create", b"x", key=key)

    first = await answer(binding, "list", {"maxResults": 3})
    rest = await answer(binding, "list", {"marker": first["Contents"][-1]["Key"]})
    folders = await answer(binding, "list", {"delimiter": "/"})

    assert [each["Key"] for each in first["Contents"]] == ["a", "b", "dir/c"]
    assert [each["Key"] for each in rest["Contents"]] == ["dir/d e"]
    assert (first["IsTruncated"], rest["IsTruncated"]) == (True, False)
    assert folders["CommonPrefixes"] == [{"Prefix": "dir/"}]


async def test_missing_object_is_told(binding: S3Binding) -> None:
    with pytest.raises(NotFoundError, match="object not found: none"):
        await ask(binding, "get", key="none")
    await ask(binding, "delete", key="none")


async def test_missing_bucket_is_told(moto: Moto, name: str) -> None:
    async with opened(S3Binding, properties(moto, name)) as binding:
        for operation in ("get", "create", "list"):
            with pytest.raises(NotFoundError, match="NoSuchBucket"):
                await ask(binding, operation, key="a")
        with pytest.raises(NotFoundError):
            await binding.ping()


@pytest.mark.parametrize(
    ("operation", "data", "metadata", "said"),
    [
        ("get", b"", {}, "required metadata 'key' missing"),
        ("delete", b"", {"key": ""}, "required metadata 'key' missing"),
        ("presign", b"", {"key": "a"}, "required metadata 'presignTTL' missing"),
        ("create", b"", {"tags": "a"}, r"invalid tag format: 'a' \(expected key=value\)"),
        ("list", b"[]", {}, "wanted a JSON object, not list"),
        ("list", b"{", {}, "invalid list payload"),
        ("list", b'{"maxResults": "many"}', {}, "wanted a whole number as maxResults"),
        ("bulkGet", b"{}", {}, "bulkGet requires at least one item"),
        ("bulkCreate", b'{"items": []}', {}, "bulkCreate requires at least one item"),
        ("bulkDelete", b"{}", {}, "bulkDelete requires at least one key"),
        ("bulkDelete", b'{"keys": [1]}', {}, "a key is not a text"),
        ("bulkGet", b'{"items": [1]}', {}, "wanted items that are objects of texts"),
        ("bulkGet", b'{"items": [{"key": "a"}], "concurrency": 0}', {}, "greater than 0, got 0"),
        ("copy", b"", {}, "unsupported operation copy"),
    ],
)
async def test_what_cannot_be_done_is_told(
    binding: S3Binding, operation: str, data: bytes, metadata: dict[str, str], said: str
) -> None:
    with pytest.raises(InvalidRequestError, match=said):
        await ask(binding, operation, data, **metadata)


async def test_each_of_many_has_its_own_outcome(
    s3: Any, binding: S3Binding, name: str, tmp_path: Path
) -> None:
    (tmp_path / "in").write_bytes(b"file")
    items = [
        {"key": "a", "data": "x", "contentType": "text/y"},
        {"key": "f", "filePath": str(tmp_path / "in")},
        {"key": "n"},
        {"data": "x"},
        {"key": "g", "filePath": str(tmp_path / "none")},
    ]
    created = await answer(binding, "bulkCreate", {"items": items, "concurrency": 2})
    got = await answer(
        binding,
        "bulkGet",
        {
            "items": [
                {"key": "a"},
                {"key": "f", "filePath": str(tmp_path / "out")},
                {"key": "none"},
                {"key": "a", "filePath": str(tmp_path / "no" / "out")},
            ]
        },
    )
    deleted = await answer(binding, "bulkDelete", {"keys": ["a", "none", " ", "a"]})

    assert [each.get("error", "")[:39] for each in created] == [
        "",
        "",
        "either data or filePath is required",
        "key is required",
        f"file read error: {tmp_path}"[:39],
    ]
    assert (await s3.head_object(Bucket=name, Key="f"))["ContentLength"] == 4
    assert got[:3] == [{"key": "a", "data": "x"}, {"key": "f"}, {"key": "none", "error": "object not found"}]
    assert got[3]["error"].startswith("file write error: ")
    assert (tmp_path / "out").read_bytes() == b"file"
    assert deleted == [{"key": "a"}, {"key": "none"}, {"key": " ", "error": "key is required"}, {"key": "a"}]
    assert "a" not in [each["Key"] for each in (await answer(binding, "list"))["Contents"]]


async def test_many_in_base64(binding: S3Binding, tmp_path: Path) -> None:
    data = bytes(range(256)) * 8200  # more than one piece of a file
    (tmp_path / "in").write_bytes(base64.b64encode(data))
    items = [
        {"key": "a", "data": "/wA="},
        {"key": "b", "filePath": str(tmp_path / "in")},
        {"key": "c", "data": "!"},
    ]
    created = await answer(binding, "bulkCreate", {"items": items}, decodeBase64="true")
    asked = [{"key": "a"}, {"key": "b", "filePath": str(tmp_path / "out")}]
    got = await answer(binding, "bulkGet", {"items": asked}, encodeBase64="true")

    assert "the data is no base64" in created[2]["error"]
    assert got == [{"key": "a", "data": "/wA="}, {"key": "b"}]
    assert base64.b64decode((tmp_path / "out").read_bytes(), validate=True) == data


async def test_more_than_a_thousand_are_deleted(binding: S3Binding) -> None:
    keys = [f"k{number}" for number in range(1005)]
    items = [{"key": key, "data": "x"} for key in (keys[0], keys[-1])]
    await answer(binding, "bulkCreate", {"items": items})

    assert await answer(binding, "bulkDelete", {"keys": keys}) == [{"key": key} for key in keys]
    assert (await answer(binding, "list"))["Contents"] is None


async def test_endpoint_without_a_scheme_is_taken_for_http(moto: Moto, s3: Any, name: str) -> None:
    await s3.create_bucket(Bucket=name)
    given = properties(moto, name, endpoint=f"127.0.0.1:{moto.port}", disableSSL="true")
    async with opened(S3Binding, given) as binding:
        found = await answer(binding, "create", b"x", key="a")

    assert found["location"] == f"{moto.endpoint}/{name}/a"


async def test_bucket_must_be_named(moto: Moto) -> None:
    with pytest.raises(MetadataError, match="bucket is missing"):
        await S3Binding().init(Metadata(moto.properties))


async def test_absence_is_told_and_got_over(own_moto: Moto, name: str) -> None:
    async with opened(S3Binding, properties(own_moto, name)) as binding:
        with own_moto.away():
            for operation in ("create", "get", "list", "delete"):
                with pytest.raises(UnavailableError, match=f"aws s3 {own_moto.endpoint}"):
                    await ask(binding, operation, key="a")
            bulk = await answer(binding, "bulkGet", {"items": [{"key": "a"}]})
        async with own_moto.client("s3") as client:
            await client.create_bucket(Bucket=name)
        await ask(binding, "create", b"x", key="a")

        assert "Could not connect" in bulk[0]["error"]
        assert (await ask(binding, "get", key="a")).data == b"x"


async def test_object_cut_off_is_told(name: str) -> None:
    with pytest.raises(ComponentError, match=r"object a was cut off|Connection was closed"):
        await _cut_off(name)


async def _cut_off(name: str) -> None:
    """Get an object from a server that goes away in its midst."""
    import asyncio

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        given = {"endpoint": f"http://127.0.0.1:{port}", "region": "r", "accessKey": "a", "secretKey": "s"}
        async with opened(S3Binding, {**given, "bucket": name, "forcePathStyle": "true"}) as binding:
            await ask(binding, "get", key="a")
