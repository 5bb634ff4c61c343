"""The table's rows for any call, and for bindings and secrets (dapr: ``pkg/messages/predefined.go``)."""

from __future__ import annotations

from ....transport import Code
from ... import errors
from .row import Row, plain

COMMON_ROWS: dict[type[errors.BlockError], Row] = {
    errors.MalformedRequestError: Row(400, "ERR_MALFORMED_REQUEST", Code.INVALID_ARGUMENT),
    errors.MissingKeyError: Row(400, "ERR_MALFORMED_REQUEST", Code.INVALID_ARGUMENT),
    errors.NotOfferedError: Row(501, "ERR_API_UNIMPLEMENTED", Code.UNIMPLEMENTED),
    errors.NotOpenError: Row(404, "ERR_NOT_FOUND", Code.UNIMPLEMENTED),
    errors.UnauthenticatedError: Row(401, "ERR_UNAUTHENTICATED", Code.UNAUTHENTICATED),
    errors.NotReadyError: Row(500, "ERR_HEALTH_NOT_READY", Code.UNAVAILABLE),
    errors.OutboundNotReadyError: Row(500, "ERR_OUTBOUND_HEALTH_NOT_READY", Code.UNAVAILABLE),
    # bindings
    errors.BindingError: plain(500, "ERR_INVOKE_OUTPUT_BINDING", Code.INTERNAL),
    errors.OperationMissingError: plain(500, "ERR_INVOKE_OUTPUT_BINDING", Code.INTERNAL),
    errors.BindingNotFoundError: plain(500, "ERR_INVOKE_OUTPUT_BINDING", Code.INTERNAL),
    errors.BindingOperationError: plain(500, "ERR_INVOKE_OUTPUT_BINDING", Code.INTERNAL),
    # secrets
    errors.SecretStoresNotConfiguredError: Row(
        500, "ERR_SECRET_STORES_NOT_CONFIGURED", Code.FAILED_PRECONDITION
    ),
    errors.SecretStoreNotFoundError: Row(401, "ERR_SECRET_STORE_NOT_FOUND", Code.INVALID_ARGUMENT),
    errors.SecretDeniedError: Row(403, "ERR_PERMISSION_DENIED", Code.PERMISSION_DENIED),
    errors.SecretGetError: Row(500, "ERR_SECRET_GET", Code.INTERNAL),
    errors.BulkSecretGetError: Row(500, "ERR_SECRET_GET", Code.INTERNAL),
}
