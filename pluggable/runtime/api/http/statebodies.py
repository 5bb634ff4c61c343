"""Bodies that save and transact state, as requests to a store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .... import state
from ....metadata import NO_METADATA
from ...apart import HUGE_BYTES
from ...blocks.state import Operation, Store
from ...errors import OperationNotSupportedError
from ..jsontext import dump, load
from .fields import array_of, concurrency_of, consistency_of, field_of, object_of, text_of, texts_of

if TYPE_CHECKING:
    from ._items import Item


def reader_for(store: Store, size: int) -> BodyReader:
    """Return what reads a body of so many bytes; one that is huge is read where there is no store."""
    return BodyReader(store.key if size <= HUGE_BYTES else str, store.json_type)


@dataclass(frozen=True, slots=True)
class BodyReader:
    """Reads bodies for one store."""

    key: Callable[[str], str]
    """Makes the store's key of the application's; ``str`` leaves that to who has the store."""
    json_type: str | None
    """The content type of values that say none."""

    def saved(self, body: bytes, metadata: Mapping[str, str]) -> list[state.SetRequest]:
        """
        Return what a list of values asks for; ``metadata`` is added to that of each.

        Raises:
            MalformedRequestError: it is no such list.
            StateError: a key is none.
        """
        from ._items import items, value_of  # a sidecar that saves nothing does without

        found = items(body)
        try:
            if found is not None:
                return [self._item(item, value_of, metadata) for item in found]
        except UnicodeDecodeError:  # as with whatever else is wrong, the long way says what it is
            pass
        listed = array_of(load(body), "the body")
        return [self._set(object_of(item, f"item {at}"), metadata) for at, item in enumerate(listed)]

    def transaction(
        self, body: bytes, metadata: Mapping[str, str]
    ) -> tuple[list[Operation], Mapping[str, str]]:
        """
        Return a transaction's operations, and its metadata with ``metadata`` laid over.

        Raises:
            MalformedRequestError: it is no transaction.
            OperationNotSupportedError: an operation is neither upsert nor delete.
            StateError: a key is none.
        """
        wanted = object_of(load(body), "the body")
        operations: list[Operation] = []
        for index, item in enumerate(array_of(field_of(wanted, "operations"), '"operations"')):
            fields = object_of(item, f"operation {index}")
            operation = text_of(fields, "operation")
            if operation not in {"upsert", "delete"}:
                raise OperationNotSupportedError(operation)
            make = self._set if operation == "upsert" else self._delete
            request = object_of(field_of(fields, "request"), f"request of operation {index}")
            operations.append(make(request, metadata))
        return operations, {**texts_of(wanted, "metadata"), **metadata}

    def _item(
        self, item: Item, value_of: Callable[[Item], bytes], metadata: Mapping[str, str]
    ) -> state.SetRequest:
        key = self.key(item.key or "")
        if not metadata and item.plain:
            return state.SetRequest(key=key, value=value_of(item), content_type=self.json_type)
        options = item.options
        own = item.metadata or NO_METADATA
        return state.SetRequest(
            key=key,
            value=value_of(item),
            etag=item.etag or None,
            concurrency=concurrency_of((options and options.concurrency) or ""),
            consistency=consistency_of((options and options.consistency) or ""),
            metadata={**own, **metadata} if metadata else own,
            content_type=item.content_type or self.json_type,
        )

    def _set(self, item: dict[str, Any], metadata: Mapping[str, str]) -> state.SetRequest:
        options = object_of(field_of(item, "options") or {}, '"options"')
        own = texts_of(item, "metadata")
        return state.SetRequest(
            key=self.key(text_of(item, "key")),
            value=dump(field_of(item, "value")),
            etag=text_of(item, "etag") or None,
            concurrency=concurrency_of(text_of(options, "concurrency")),
            consistency=consistency_of(text_of(options, "consistency")),
            metadata={**own, **metadata} if metadata else own,
            content_type=text_of(item, "contentType") or self.json_type,
        )

    def _delete(self, item: dict[str, Any], metadata: Mapping[str, str]) -> state.DeleteRequest:
        options = object_of(field_of(item, "options") or {}, '"options"')
        own = texts_of(item, "metadata")
        return state.DeleteRequest(
            key=self.key(text_of(item, "key")),
            etag=text_of(item, "etag") or None,
            concurrency=concurrency_of(text_of(options, "concurrency")),
            consistency=consistency_of(text_of(options, "consistency")),
            metadata={**own, **metadata} if metadata else own,
        )
