"""Several objects in one request: what goes wrong with one is told in its place, and the others go on."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any, Final

from pluggable.errors import ComponentError, InvalidRequestError

from .bucket import MOST_DELETED, Bucket
from .client import limited
from .contents import decoded, encoded, payload, read, write

#: So many objects are under way at once where the request does not say.
_AT_ONCE: Final = 10

#: An object's part of the answer.
Result = dict[str, str]


class Bulk:
    """The bulk operations of one request on a bucket."""

    def __init__(
        self, bucket: Bucket, location: Callable[[str], str], *, decodes: bool, encodes: bool
    ) -> None:
        self._bucket = bucket
        self._location = location
        self._decodes = decodes
        self._encodes = encodes

    async def get(self, data: bytes) -> list[Result]:
        """Return the objects, or write them into the files that are named."""
        items, limit = _items(data, "bulkGet")
        return await limited(items, self._get, limit)

    async def create(self, data: bytes) -> list[Result]:
        """Store the objects."""
        items, limit = _items(data, "bulkCreate")
        return await limited(items, self._create, limit)

    async def delete(self, data: bytes) -> list[Result]:
        """Delete the objects, each once however often its key is named."""
        keys = payload(data, "bulkDelete").get("keys")
        if not isinstance(keys, list) or not keys:
            raise InvalidRequestError("s3 binding error: bulkDelete requires at least one key")
        if not all(isinstance(key, str) for key in keys):
            raise InvalidRequestError("s3 binding error: invalid bulkDelete payload: a key is not a text")
        given = list(dict.fromkeys(key for key in keys if key.strip()))
        errors: dict[str, str] = {}
        for start in range(0, len(given), MOST_DELETED):
            batch = given[start : start + MOST_DELETED]
            try:
                errors |= await self._bucket.delete_many(batch)
            except ComponentError as error:
                errors |= dict.fromkeys(batch, str(error))
        return [_result(key, error=errors.get(key, "") if key.strip() else "key is required") for key in keys]

    async def _get(self, item: Mapping[str, Any]) -> Result:
        if not (key := item.get("key")):
            return _result("", error="key is required")
        try:
            if (path := item.get("filePath")) is not None:
                chunks = self._bucket.chunks(key)
                await write(path, encoded(chunks) if self._encodes else chunks)
                return _result(key)
            data = await self._bucket.get(key)
        except ComponentError as error:
            return _result(key, error=_said(error))
        return _result(key, data=(base64.b64encode(data) if self._encodes else data).decode(errors="replace"))

    async def _create(self, item: Mapping[str, Any]) -> Result:
        if not (key := item.get("key")):
            return _result("", error="key is required")
        options = {"ContentType": item["contentType"]} if item.get("contentType") is not None else {}
        path, text = item.get("filePath"), item.get("data")
        try:
            if path is not None and not self._decodes:
                stored = await self._bucket.put_file(key, path, **options)
            elif path is not None:
                stored = await self._bucket.put(key, decoded(await read(path)), **options)
            elif text is not None:
                data = text.encode()
                stored = await self._bucket.put(key, decoded(data) if self._decodes else data, **options)
            else:
                return _result(key, error="either data or filePath is required")
        except ComponentError as error:
            return _result(key, error=_said(error))
        return _result(key, location=stored.get("Location") or self._location(key))


def _items(data: bytes, operation: str) -> tuple[list[dict[str, Any]], int]:
    """Return the objects that a request names, and how many may be under way at once."""
    given = payload(data, operation)
    items, limit = given.get("items"), given.get("concurrency")
    if not isinstance(items, list) or not items:
        raise InvalidRequestError(f"s3 binding error: {operation} requires at least one item")
    for item in items:
        if not isinstance(item, dict) or not all(isinstance(each, str | None) for each in item.values()):
            raise InvalidRequestError(
                f"s3 binding error: invalid {operation} payload: wanted items that are objects of texts"
            )
    if limit is None:
        return items, _AT_ONCE
    if not isinstance(limit, int) or limit <= 0:
        raise InvalidRequestError(f"s3 binding error: concurrency must be greater than 0, got {limit}")
    return items, limit


def _said(error: ComponentError) -> str:
    """Return the reason; that there is no such object, without the key, which stands beside it."""
    text = str(error)
    return "object not found" if text.startswith("object not found") else text


def _result(key: str, **found: str) -> Result:
    """Return an object's part of the answer, without what is empty."""
    return {"key": key, **{name: value for name, value in found.items() if value}}
