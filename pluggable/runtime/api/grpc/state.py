"""State over gRPC."""

from __future__ import annotations

from .... import state
from ...._proto.dapr.proto.common.v1 import common_pb2 as common
from ...._proto.dapr.proto.runtime.v1 import state_pb2 as pb
from ...._wire.common import mapping
from ....transport import ServerCall
from ...apart import far_apart
from ...blocks.keys import original_key
from ...blocks.state import Operation, State, Store
from ...errors import EmptyKeyError, MalformedRequestError, OperationNotSupportedError
from ..jsontext import UNREADABLE, normalised
from ..trace import of_call
from .service import Service

_CONCURRENCY = {level.value: level for level in state.Concurrency}
_CONSISTENCY = {level.value: level for level in state.Consistency}
_UNSPECIFIED = state.Consistency.UNSPECIFIED
_ANYHOW = state.Concurrency.UNSPECIFIED


class StateCalls:
    """The methods for state."""

    def __init__(self, block: State) -> None:
        self._block = block

    def add_to(self, service: Service) -> None:
        """Add the methods."""
        service.add("GetState", pb.GetStateRequest, self.get)
        service.add("GetBulkState", pb.GetBulkStateRequest, self.bulk_get)
        service.add("SaveState", pb.SaveStateRequest, self.save)
        service.add("DeleteState", pb.DeleteStateRequest, self.delete)
        service.add("DeleteBulkState", pb.DeleteBulkStateRequest, self.bulk_delete)
        service.add("ExecuteStateTransaction", pb.ExecuteStateTransactionRequest, self.transact)
        service.add("QueryStateAlpha1", pb.QueryStateRequest, self.query)

    async def get(self, request: pb.GetStateRequest, _call: ServerCall) -> pb.GetStateResponse:
        """Answer with the value; a missing one is an empty message."""
        found = await self._block.store(request.store_name).get(
            request.key,
            consistency=_CONSISTENCY.get(request.consistency, _UNSPECIFIED),
            metadata=mapping(request.metadata),
        )
        if found is None:
            return pb.GetStateResponse()
        return pb.GetStateResponse(data=found.data, etag=found.etag or "", metadata=found.metadata)

    async def bulk_get(self, request: pb.GetBulkStateRequest, _call: ServerCall) -> pb.GetBulkStateResponse:
        """Answer with an item for each key, in order."""
        items = await self._block.store(request.store_name).bulk_get(
            request.keys, parallelism=request.parallelism, metadata=mapping(request.metadata)
        )
        return pb.GetBulkStateResponse(items=[_bulk_item(item) for item in items])

    async def save(self, request: pb.SaveStateRequest, _call: ServerCall) -> None:
        """Store the values."""
        store = self._block.store(request.store_name)
        if not all(item.key for item in request.states):
            raise EmptyKeyError
        await store.save([await _set_request(item, store) for item in request.states])

    async def delete(self, request: pb.DeleteStateRequest, _call: ServerCall) -> None:
        """Remove a value."""
        await self._block.store(request.store_name).delete(
            request.key,
            etag=request.etag.value or None,
            concurrency=_CONCURRENCY.get(request.options.concurrency, _ANYHOW),
            consistency=_CONSISTENCY.get(request.options.consistency, _UNSPECIFIED),
            metadata=mapping(request.metadata),
        )

    async def bulk_delete(self, request: pb.DeleteBulkStateRequest, _call: ServerCall) -> None:
        """Remove values."""
        store = self._block.store(request.store_name)
        await store.bulk_delete([_delete_request(item, store) for item in request.states])

    async def transact(self, request: pb.ExecuteStateTransactionRequest, call: ServerCall) -> None:
        """Apply operations together; their values are bytes, whatever their content type."""
        store = self._block.store(request.storeName)
        store.check_transactional()
        operations: list[Operation] = []
        for operation in request.operations:
            match operation.operationType:
                case "upsert":
                    operations.append(_set(operation.request, store, operation.request.value))
                case "delete":
                    operations.append(_delete_request(operation.request, store))
                case other:
                    raise OperationNotSupportedError(other)
        await store.transact(operations, mapping(request.metadata), trace=of_call(call.metadata))

    async def query(self, request: pb.QueryStateRequest, _call: ServerCall) -> pb.QueryStateResponse:
        """Answer with the rows that match."""
        store = self._block.store(request.store_name)
        found = await store.query(request.query, mapping(request.metadata))
        rows = [
            pb.QueryStateItem(
                key=original_key(item.key), data=item.data, etag=item.etag or "", error=item.error or ""
            )
            for item in found.items
        ]
        return pb.QueryStateResponse(results=rows, token=found.token, metadata=found.metadata)


async def _set_request(item: common.StateItem, store: Store) -> state.SetRequest:
    """Return what to store; a value announced as JSON is written as the HTTP API writes it."""
    value = item.value
    if item.metadata.get("contentType", "") == "application/json":
        try:
            value = await far_apart(len(value), normalised, value)
        except MalformedRequestError as error:
            said = str(error).removeprefix(f"{UNREADABLE}: ")
            raise MalformedRequestError(
                f'the value of "{item.key}" is announced as application/json: {said}'
            ) from error
    return _set(item, store, value)


def _set(item: common.StateItem, store: Store, value: bytes) -> state.SetRequest:
    return state.SetRequest(
        key=store.key(item.key),
        value=value,
        etag=item.etag.value or None,
        concurrency=_CONCURRENCY.get(item.options.concurrency, _ANYHOW),
        consistency=_CONSISTENCY.get(item.options.consistency, _UNSPECIFIED),
        metadata=mapping(item.metadata),
    )


def _delete_request(item: common.StateItem, store: Store) -> state.DeleteRequest:
    return state.DeleteRequest(
        key=store.key(item.key),
        etag=item.etag.value or None,
        concurrency=_CONCURRENCY.get(item.options.concurrency, _ANYHOW),
        consistency=_CONSISTENCY.get(item.options.consistency, _UNSPECIFIED),
        metadata=mapping(item.metadata),
    )


def _bulk_item(item: state.BulkGetItem) -> pb.BulkStateItem:
    key = original_key(item.key)
    if item.error or item.value is None:
        return pb.BulkStateItem(key=key, error=item.error or "")
    value = item.value
    return pb.BulkStateItem(key=key, data=value.data, etag=value.etag or "", metadata=value.metadata)
