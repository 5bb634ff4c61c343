"""The table's rows for state (dapr: ``pkg/api/errors/state.go``)."""

from __future__ import annotations

from ....transport import Code
from ... import errors
from ..details import Detail, FieldViolation, HelpLink, ResourceInfo
from .row import Row, plain

STORES_URL = "https://docs.dapr.io/reference/components-reference/supported-state-stores/"


def _store(error: errors.StateError) -> tuple[Detail, ...]:
    return (ResourceInfo("state", error.store),)


def _key(error: errors.IllegalKeyError) -> tuple[Detail, ...]:
    return (*_store(error), FieldViolation(error.key, str(error)))


def _stores(error: errors.StateError) -> tuple[Detail, ...]:
    return (
        *_store(error),
        HelpLink(STORES_URL, "Check the list of state stores and the features they support"),
    )


STATE_ROWS: dict[type[errors.BlockError], Row] = {
    errors.StateStoreNotConfiguredError: Row(
        500, "ERR_STATE_STORE_NOT_CONFIGURED", Code.FAILED_PRECONDITION, "DAPR_STATE_NOT_CONFIGURED"
    ),
    errors.StateStoreNotFoundError: Row(
        400, "ERR_STATE_STORE_NOT_FOUND", Code.INVALID_ARGUMENT, "DAPR_STATE_NOT_FOUND"
    ),
    errors.IllegalKeyError: Row(
        400, "ERR_MALFORMED_REQUEST", Code.INVALID_ARGUMENT, "DAPR_STATE_ILLEGAL_KEY", _key
    ),
    errors.QueryNotSupportedError: Row(
        500, "ERR_STATE_STORE_NOT_SUPPORTED", Code.INTERNAL, "DAPR_STATE_QUERYING_NOT_SUPPORTED", _store
    ),
    errors.QueryFailedError: Row(500, "ERR_STATE_QUERY", Code.INTERNAL, "DAPR_STATE_QUERY_FAILED", _store),
    errors.TransactionsNotSupportedError: Row(
        500,
        "ERR_STATE_STORE_NOT_SUPPORTED",
        Code.UNIMPLEMENTED,
        "DAPR_STATE_TRANSACTIONS_NOT_SUPPORTED",
        _stores,
    ),
    errors.TooManyOperationsError: Row(
        400,
        "ERR_STATE_STORE_TOO_MANY_TRANSACTIONS",
        Code.INVALID_ARGUMENT,
        "DAPR_STATE_TOO_MANY_TRANSACTIONS",
        _store,
    ),
    errors.OperationNotSupportedError: plain(400, "ERR_NOT_SUPPORTED_STATE_OPERATION", Code.UNIMPLEMENTED),
    errors.EmptyKeyError: plain(400, "ERR_STATE_SAVE", Code.INVALID_ARGUMENT),
    errors.StateGetError: plain(500, "ERR_STATE_GET", Code.INTERNAL),
    errors.StateBulkGetError: Row(500, "ERR_STATE_BULK_GET", Code.INTERNAL),
    errors.StateSaveError: plain(500, "ERR_STATE_SAVE", Code.INTERNAL),
    errors.StateDeleteError: plain(500, "ERR_STATE_DELETE", Code.INTERNAL),
    errors.StateBulkDeleteError: plain(500, "ERR_STATE_BULK_DELETE", Code.INTERNAL),
    errors.TransactionFailedError: plain(500, "ERR_STATE_TRANSACTION", Code.INTERNAL),
}
