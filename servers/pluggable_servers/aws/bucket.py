"""A bucket of S3: objects are put, got, deleted, listed, and signed for."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, BinaryIO, Final

import aiohttp

from pluggable.errors import ComponentError, NotFoundError, UnavailableError

from .client import AWS
from .contents import unreadable
from .errors import FAILURES, error_of

SERVICE: Final = "s3"
#: From here on what is stored is sent in parts, of so many bytes each, as AWS's client in Go does.
PARTS_FROM: Final = 16 * 1024**2
PART: Final = 8 * 1024**2
#: So many keys are deleted in one request at most.
MOST_DELETED: Final = 1000
_CHUNK: Final = 1024**2
#: What AWS's client in Go calls what it is told no type of.
_UNTOLD: Final = {"ContentType": "application/octet-stream"}
#: An object in a list, by Go's names and with what Go says where S3 says nothing.
_LISTED: Final[dict[str, Any]] = {
    "ChecksumAlgorithm": None,
    "ChecksumType": "",
    "ETag": None,
    "Key": None,
    "LastModified": None,
    "Owner": None,
    "RestoreStatus": None,
    "Size": None,
    "StorageClass": "",
}
_LIST: Final[dict[str, Any]] = {
    "CommonPrefixes": None,
    "Contents": None,
    "Delimiter": None,
    "EncodingType": "",
    "IsTruncated": False,
    "Marker": None,
    "MaxKeys": None,
    "Name": None,
    "NextMarker": None,
    "Prefix": None,
    "RequestCharged": "",
}


class Bucket:
    """The bucket of one component."""

    def __init__(self, aws: AWS, name: str) -> None:
        self._aws = aws
        self._name = name

    async def ping(self) -> None:
        """See that S3 answers for the bucket."""
        await self._aws.answers(SERVICE, "head_bucket", Bucket=self._name)

    async def put(self, key: str, data: bytes, **options: str) -> dict[str, Any]:
        """Store what is given, and return S3's answer."""
        if len(data) < PARTS_FROM:
            return await self._call("put_object", Key=key, Body=data, **{**_UNTOLD, **options})
        view = memoryview(data)

        async def parts() -> AsyncIterator[bytes]:
            for start in range(0, len(view), PART):
                yield bytes(view[start : start + PART])

        return await self._put_parts(key, parts(), options)

    async def put_file(self, key: str, path: str, **options: str) -> dict[str, Any]:
        """
        Store what is in a file, and return S3's answer.

        Raises:
            InvalidRequestError: the file cannot be read.
        """
        try:
            with await asyncio.to_thread(open, path, "rb") as file:
                if os.fstat(file.fileno()).st_size < PARTS_FROM:
                    return await self.put(key, await asyncio.to_thread(file.read), **options)
                return await self._put_parts(key, _parts(file), options)
        except OSError as error:
            raise unreadable(path, error) from error

    async def get(self, key: str) -> bytes:
        """
        Return an object.

        Raises:
            NotFoundError: there is none.
        """
        body = await self._opened(key)
        with self._reading(key):
            async with body:
                data: bytes = await body.read()
        return data

    async def chunks(self, key: str) -> AsyncGenerator[bytes, None]:
        """Yield an object a piece at a time; to be closed."""
        body = await self._opened(key)
        with self._reading(key):
            async with body:
                async for chunk in body.iter_chunks(_CHUNK):
                    yield chunk

    async def delete(self, key: str) -> None:
        """Delete an object; that there is none is no error."""
        await self._call("delete_object", Key=key)

    async def delete_many(self, keys: Sequence[str]) -> dict[str, str]:
        """Delete up to ``MOST_DELETED`` objects, and return why those that were not, were not."""
        objects = [{"Key": key} for key in keys]
        answer = await self._call("delete_objects", Delete={"Objects": objects, "Quiet": False})
        return {
            each["Key"]: each.get("Message") or "unknown error"
            for each in answer.get("Errors", ())
            if "Key" in each
        }

    async def listed(self, **where: Any) -> dict[str, Any]:
        """Return a page of the list of objects, by the names that AWS's client in Go has for things."""
        answer = await self._call("list_objects", **where)
        found = {name: answer.get(name, default) for name, default in _LIST.items()}
        found["EncodingType"] = ""  # Keys come encoded, which is seen to; daprd does not ask for it.
        if found["Contents"] is not None:
            found["Contents"] = [_listed(each) for each in found["Contents"]]
        return {**found, "ResultMetadata": {}}

    async def signed(self, key: str, seconds: int) -> str:
        """Return an address at which anyone gets the object for so long."""
        client = self._aws.client(SERVICE)
        try:
            url: str = await client.generate_presigned_url(
                "get_object", Params={"Bucket": self._name, "Key": key}, ExpiresIn=seconds
            )
        except FAILURES as error:
            raise error_of(error, self._aws.where(SERVICE)) from error
        return url

    async def _opened(self, key: str) -> Any:
        try:
            return (await self._call("get_object", Key=key))["Body"]
        except NotFoundError as error:
            if "NoSuchBucket" in str(error):
                raise
            raise NotFoundError(f"object not found: {key}") from error

    @contextmanager
    def _reading(self, key: str) -> Iterator[None]:
        """Translate what can go wrong once S3 has begun to send an object."""
        where = self._aws.where(SERVICE)
        try:
            yield
        except FAILURES as error:
            raise error_of(error, where) from error
        except aiohttp.ClientError as error:
            raise UnavailableError(f"{where}: object {key} was cut off: {error}") from error

    async def _put_parts(
        self, key: str, parts: AsyncIterator[bytes], options: Mapping[str, str]
    ) -> dict[str, Any]:
        begun = await self._call("create_multipart_upload", Key=key, **options)
        upload = {"Key": key, "UploadId": begun["UploadId"]}
        sent: list[dict[str, Any]] = []
        try:
            async for part in parts:
                number = len(sent) + 1
                answer = await self._call("upload_part", **upload, PartNumber=number, Body=part)
                sums = {name: value for name, value in answer.items() if name.startswith("Checksum")}
                sent.append({"PartNumber": number, "ETag": answer["ETag"], **sums})
            return await self._call("complete_multipart_upload", **upload, MultipartUpload={"Parts": sent})
        except BaseException:
            await self._give_up(upload)
            raise

    async def _give_up(self, upload: Mapping[str, str]) -> None:
        """Tell S3 that the parts are for nothing; where it cannot be told, its own rules remove them."""
        try:
            await self._call("abort_multipart_upload", **upload)
        except ComponentError:
            return

    async def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        return await self._aws.call(SERVICE, operation, Bucket=self._name, **parameters)


async def _parts(file: BinaryIO) -> AsyncIterator[bytes]:
    while part := await asyncio.to_thread(file.read, PART):
        yield part


def _listed(each: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: each.get(name, default) for name, default in _LISTED.items()}
    if found["Owner"] is not None:
        found["Owner"] = {name: found["Owner"].get(name) for name in ("DisplayName", "ID")}
    if (status := found["RestoreStatus"]) is not None:
        expiry = status.get("RestoreExpiryDate")
        found["RestoreStatus"] = {
            "IsRestoreInProgress": status.get("IsRestoreInProgress"),
            "RestoreExpiryDate": _time(expiry) if expiry else None,
        }
    if found["LastModified"] is not None:
        found["LastModified"] = _time(found["LastModified"])
    return found


def _time(when: datetime) -> str:
    """Return a time in UTC as Go writes it: as many digits of a second as it takes."""
    fraction = f".{when.microsecond:06d}".rstrip("0").rstrip(".")
    return f"{when:%Y-%m-%dT%H:%M:%S}{fraction}Z"
