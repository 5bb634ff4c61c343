"""Values on their way into an encrypted store and out of it; large ones are worked on away from the loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from ... import state
from ...errors import ComponentError
from ..apart import LARGE_BYTES, apart
from ..encryption import Encryption
from ..gotext import plain

Get = Callable[[state.GetRequest], Awaitable[state.GetResponse | None]]
W = TypeVar("W", bound=state.SetRequest | state.DeleteRequest)


def decrypting(encryption: Encryption, get: Get) -> Get:
    """Return what gets a value and decrypts it; raises a ``ComponentError`` where it cannot."""

    async def decrypted_get(request: state.GetRequest) -> state.GetResponse | None:
        found = await get(request)
        if found is None:
            return None
        return replace(found, data=await apart(len(found.data), encryption.decrypt, found.data))

    return decrypted_get


async def decrypted(encryption: Encryption, items: Sequence[state.BulkGetItem]) -> list[state.BulkGetItem]:
    """Return the items with their values decrypted, an error for each that cannot be."""
    size = sum(len(item.value.data) for item in items if item.value is not None)
    return await apart(size, lambda: [_decrypted(encryption, item) for item in items])


async def encrypted(encryption: Encryption, requests: Sequence[W], *, as_json: bool) -> list[W]:
    """Return the requests with what is to be stored encrypted, of a JSON string what it says."""
    size = sum(len(request.value) for request in requests if isinstance(request, state.SetRequest))
    return await apart(size, lambda: [_encrypted(encryption, request, as_json) for request in requests])


def _decrypted(encryption: Encryption, item: state.BulkGetItem) -> state.BulkGetItem:
    if item.value is None or item.error is not None:
        return item
    try:
        data = encryption.decrypt(item.value.data)
    except ComponentError as error:
        return state.BulkGetItem(key=item.key, error=str(error))
    return replace(item, value=replace(item.value, data=data))


def _encrypted(encryption: Encryption, request: W, as_json: bool) -> W:
    if not isinstance(request, state.SetRequest):
        return request
    value = _said(request.value) if as_json else request.value
    return replace(request, value=encryption.encrypt(value))


def _said(text: bytes) -> bytes | memoryview:
    """Return what a JSON text says; a large one is not copied, which would hold all threads."""
    if len(text) > LARGE_BYTES and text.startswith(b'"') and b"\\" not in text:
        return memoryview(text)[1:-1]
    return plain(text)
