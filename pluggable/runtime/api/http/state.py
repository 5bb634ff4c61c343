"""State over HTTP."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from .... import state
from ...apart import apart, far_apart
from ...blocks.keys import original_key
from ...blocks.state import Operation, State, Store
from ..jsontext import dump, is_json, load
from ..trace import of_headers
from .fields import (
    CONSISTENCY,
    array_of,
    concurrency_of,
    consistency_of,
    field_of,
    integer_of,
    object_of,
    text_of,
    texts_of,
)
from .request import NO_CONTENT, Request, Response, metadata_headers
from .router import Router
from .statebodies import reader_for

W = TypeVar("W", state.SetRequest, Operation)
_UNSPECIFIED = state.Consistency.UNSPECIFIED


class StateHandlers:
    """``/v1.0/state``, and its query in ``/v1.0-alpha1``."""

    def __init__(self, block: State) -> None:
        self._block = block

    def add_to(self, router: Router) -> None:
        """Add the paths."""
        router.add("GET", "/v1.0/state/{store}/{key}", self.get)
        router.add("DELETE", "/v1.0/state/{store}/{key}", self.delete)
        router.add("POST PUT", "/v1.0/state/{store}", self.save)
        router.add("POST PUT", "/v1.0/state/{store}/bulk", self.bulk_get)
        router.add("POST PUT", "/v1.0/state/{store}/transaction", self.transact)
        router.add("POST PUT", "/v1.0-alpha1/state/{store}/query", self.query)

    async def get(self, request: Request, name: str, key: str) -> Response:
        """Answer with the value as it is stored."""
        store = self._block.store(name)
        if request.query:
            consistency = CONSISTENCY.get(request.parameters().get("consistency", ""), _UNSPECIFIED)
            found = await store.get(key, consistency=consistency, metadata=request.metadata())
        else:
            found = await store.get(key)
        if found is None or (not found.data and found.etag is None):
            return NO_CONTENT
        headers = metadata_headers(found.metadata) if found.metadata else []
        if found.etag is not None:
            headers.append(("Etag", found.etag))
        return Response(200, found.data, headers=headers)

    async def delete(self, request: Request, name: str, key: str) -> Response:
        """Remove a value; ``If-Match`` is the ETag that it must have."""
        store = self._block.store(name)
        parameters = request.parameters()
        await store.delete(
            key,
            etag=request.headers.get("if-match") or None,
            concurrency=concurrency_of(parameters.get("concurrency", "")),
            consistency=consistency_of(parameters.get("consistency", "")),
            metadata=request.metadata(),
        )
        return NO_CONTENT

    async def save(self, request: Request, name: str) -> Response:
        """Store the values of a list."""
        store = self._block.store(name)
        body = request.body
        reader = reader_for(store, len(body))
        requests = await far_apart(len(body), reader.saved, body, request.metadata())
        if reader.key is str:
            requests = await _keyed(len(body), requests, store)
        await store.save(requests, as_json=True)
        return NO_CONTENT

    async def bulk_get(self, request: Request, name: str) -> Response:
        """Answer with an item for each key, in order."""
        store = self._block.store(name)
        wanted = object_of(await far_apart(len(request.body), load, request.body), "the body")
        keys = [text_of({"keys": key}, "keys") for key in array_of(field_of(wanted, "keys"), '"keys"')]
        items = await store.bulk_get(
            keys,
            parallelism=integer_of(wanted, "parallelism"),
            metadata={**texts_of(wanted, "metadata"), **request.metadata()},
        )
        size = sum(len(item.value.data) for item in items if item.value is not None)
        return Response(200, await far_apart(size, _bulk_body, items))

    async def transact(self, request: Request, name: str) -> Response:
        """Apply operations together."""
        store = self._block.store(name)
        store.check_transactional()
        size = len(request.body)
        reader = reader_for(store, size)
        operations, metadata = await far_apart(size, reader.transaction, request.body, request.metadata())
        if reader.key is str:
            operations = await _keyed(size, operations, store)
        await store.transact(operations, metadata, as_json=True, trace=of_headers(request.headers))
        return NO_CONTENT

    async def query(self, request: Request, name: str) -> Response:
        """Answer with the rows that match."""
        found = await self._block.store(name).query(request.body, request.metadata())
        if not found.items:
            return NO_CONTENT
        size = sum(len(item.data) for item in found.items)
        return Response(200, await far_apart(size, _query_body, found))


async def _keyed(size: int, requests: list[W], store: Store) -> list[W]:
    """Return requests for the application's keys as such for the store's."""
    return await apart(size, lambda: [replace(each, key=store.key(each.key)) for each in requests])


def _bulk_body(items: Sequence[state.BulkGetItem]) -> bytes:
    """Put the values in as they are; one that is no JSON, as gRPC may have stored it, becomes a string."""
    return b"[" + b",".join(_bulk_item(item) for item in items) + b"]"


def _bulk_item(item: state.BulkGetItem) -> bytes:
    told: dict[str, Any] = {"key": original_key(item.key)}
    if item.error:
        return dump({**told, "error": item.error})
    if item.value is None:
        return dump(told)
    if item.value.etag is not None:
        told["etag"] = item.value.etag
    if item.value.metadata:
        told["metadata"] = dict(item.value.metadata)
    return _with_data(told, item.value.data)


def _query_body(found: state.QueryResponse) -> bytes:
    rows = []
    for item in found.items:
        told: dict[str, Any] = {"key": original_key(item.key)}
        if item.etag:
            told["etag"] = item.etag
        if item.error:
            told["error"] = item.error
        rows.append(_with_data(told, item.data))
    tail: dict[str, Any] = {}
    if found.token:
        tail["token"] = found.token
    if found.metadata:
        tail["metadata"] = dict(found.metadata)
    return b'{"results":[' + b",".join(rows) + b"]" + (b"," + dump(tail)[1:] if tail else b"}")


def _with_data(told: dict[str, Any], data: bytes) -> bytes:
    if not data:
        return dump(told)
    text = data if is_json(data) else json.dumps(data.decode(errors="replace")).encode()
    return dump(told)[:-1] + b',"data":' + text + b"}"
