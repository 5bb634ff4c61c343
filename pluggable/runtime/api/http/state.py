"""State over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .... import state
from ....metadata import NO_METADATA
from ...apart import apart
from ...blocks.keys import original_key
from ...blocks.state import Operation, State, Store
from ...errors import OperationNotSupportedError
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

if TYPE_CHECKING:
    from .items import Item


_PLAIN = {"key", "value"}
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
        await store.save(await apart(len(body), _set_requests, body, store, request.metadata()), as_json=True)
        return NO_CONTENT

    async def bulk_get(self, request: Request, name: str) -> Response:
        """Answer with an item for each key, in order."""
        store = self._block.store(name)
        wanted = object_of(await apart(len(request.body), load, request.body), "the body")
        keys = [text_of({"keys": key}, "keys") for key in array_of(field_of(wanted, "keys"), '"keys"')]
        items = await store.bulk_get(
            keys,
            parallelism=integer_of(wanted, "parallelism"),
            metadata={**texts_of(wanted, "metadata"), **request.metadata()},
        )
        size = sum(len(item.value.data) for item in items if item.value is not None)
        return Response(200, await apart(size, _bulk_body, items))

    async def transact(self, request: Request, name: str) -> Response:
        """Apply operations together."""
        store = self._block.store(name)
        store.check_transactional()
        operations, metadata = await apart(
            len(request.body), _operations, request.body, store, request.metadata()
        )
        await store.transact(operations, metadata, as_json=True, trace=of_headers(request.headers))
        return NO_CONTENT

    async def query(self, request: Request, name: str) -> Response:
        """Answer with the rows that match."""
        found = await self._block.store(name).query(request.body, request.metadata())
        if not found.items:
            return NO_CONTENT
        size = sum(len(item.data) for item in found.items)
        return Response(200, await apart(size, _query_body, found))


def _set_requests(body: bytes, store: Store, metadata: Mapping[str, str]) -> list[state.SetRequest]:
    from .items import items, value_of  # a sidecar that saves nothing does without

    found = items(body)
    try:
        if found is not None and all("key" in item and "value" in item for item in found):
            return [_saved(item, value_of, store, metadata) for item in found]
    except UnicodeDecodeError:  # as with whatever else is wrong, the long way says what it is
        pass
    return _read_requests(body, store, metadata)


def _saved(
    item: Item, value_of: Callable[[Item], bytes], store: Store, metadata: Mapping[str, str]
) -> state.SetRequest:
    key = store.key(item.get("key") or "")
    if not metadata and item.keys() <= _PLAIN:
        return state.SetRequest(key=key, value=value_of(item))
    options = item.get("options") or {}
    own = item.get("metadata") or NO_METADATA
    return state.SetRequest(
        key=key,
        value=value_of(item),
        etag=item.get("etag") or None,
        concurrency=concurrency_of(options.get("concurrency") or ""),
        consistency=consistency_of(options.get("consistency") or ""),
        metadata={**own, **metadata} if metadata else own,
        content_type=item.get("contentType") or None,
    )


def _read_requests(body: bytes, store: Store, metadata: Mapping[str, str]) -> list[state.SetRequest]:
    items = array_of(load(body), "the body")
    return [
        _set_request(object_of(item, f"item {index}"), store, metadata) for index, item in enumerate(items)
    ]


def _set_request(item: dict[str, Any], store: Store, metadata: Mapping[str, str]) -> state.SetRequest:
    options = object_of(field_of(item, "options") or {}, '"options"')
    own = texts_of(item, "metadata")
    return state.SetRequest(
        key=store.key(text_of(item, "key")),
        value=dump(field_of(item, "value")),
        etag=text_of(item, "etag") or None,
        concurrency=concurrency_of(text_of(options, "concurrency")),
        consistency=consistency_of(text_of(options, "consistency")),
        metadata={**own, **metadata} if metadata else own,
        content_type=text_of(item, "contentType") or None,
    )


def _delete_request(item: dict[str, Any], store: Store, metadata: Mapping[str, str]) -> state.DeleteRequest:
    options = object_of(field_of(item, "options") or {}, '"options"')
    own = texts_of(item, "metadata")
    return state.DeleteRequest(
        key=store.key(text_of(item, "key")),
        etag=text_of(item, "etag") or None,
        concurrency=concurrency_of(text_of(options, "concurrency")),
        consistency=consistency_of(text_of(options, "consistency")),
        metadata={**own, **metadata} if metadata else own,
    )


def _operations(
    body: bytes, store: Store, metadata: Mapping[str, str]
) -> tuple[list[Operation], Mapping[str, str]]:
    wanted = object_of(load(body), "the body")
    operations: list[Operation] = []
    for index, item in enumerate(array_of(field_of(wanted, "operations"), '"operations"')):
        fields = object_of(item, f"operation {index}")
        operation = text_of(fields, "operation")
        if operation not in {"upsert", "delete"}:
            raise OperationNotSupportedError(operation)
        make = _set_request if operation == "upsert" else _delete_request
        operations.append(
            make(object_of(field_of(fields, "request"), f"request of operation {index}"), store, metadata)
        )
    return operations, {**texts_of(wanted, "metadata"), **metadata}


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
