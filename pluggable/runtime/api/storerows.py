"""The table's rows for configuration and lock (dapr: ``pkg/messages``, ``pkg/api/grpc/grpc.go``)."""

from __future__ import annotations

from ...transport import Code
from .. import storeerrors as errors
from ..errors import BlockError
from .row import Row

_PREFIX = "ERR_CONFIGURATION_"


def _configuration(status: int, word: str, grpc: Code) -> Row:
    code = _PREFIX + word
    return Row(status, code, grpc, reason=code, bare_in_http=True)


STORE_ROWS: dict[type[BlockError], Row] = {
    errors.ConfigurationStoresNotConfiguredError: _configuration(
        500, "STORE_NOT_CONFIGURED", Code.FAILED_PRECONDITION
    ),
    errors.ConfigurationStoreNotFoundError: _configuration(400, "STORE_NOT_FOUND", Code.INVALID_ARGUMENT),
    errors.ConfigurationGetError: _configuration(500, "GET", Code.INTERNAL),
    errors.ConfigurationSubscribeError: _configuration(500, "SUBSCRIBE", Code.INVALID_ARGUMENT),
    errors.TooManySubscriptionsError: _configuration(500, "SUBSCRIBE", Code.RESOURCE_EXHAUSTED),
    errors.NoApplicationError: Row(500, "ERR_APP_CHANNEL_NIL", Code.FAILED_PRECONDITION),
    errors.LockStoresNotConfiguredError: Row(500, "ERR_LOCK_STORE_NOT_CONFIGURED", Code.FAILED_PRECONDITION),
    errors.LockStoreNotFoundError: Row(400, "ERR_LOCK_STORE_NOT_FOUND", Code.INVALID_ARGUMENT),
    errors.LockRequestError: Row(400, "ERR_MALFORMED_REQUEST", Code.INVALID_ARGUMENT),
    errors.TryLockError: Row(500, "ERR_TRY_LOCK", Code.INTERNAL),
    errors.UnlockError: Row(500, "ERR_UNLOCK", Code.INTERNAL),
}
