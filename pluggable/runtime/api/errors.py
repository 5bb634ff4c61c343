"""
Exception → (HTTP status, Dapr code, gRPC status, reason): the one table.

Source: dapr/dapr ``pkg/api/errors``, ``pkg/messages``; where daprd answers something else for HTTP than for
gRPC (a component's own error, an ETag), the functions below the table say so.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import BulkError, ComponentError, CustomError, ETagInvalidError, ETagMismatchError
from ...transport import Code
from .. import controlplaneerrors, conversationerrors, cryptoerrors, errors, invocation, storeerrors
from ..gotext import go_name
from .controlplanerows import CONTROL_PLANE_ROWS
from .details import Detail, ErrorInfo, FieldViolation, HelpLink, ResourceInfo
from .invocationrows import INVOCATION_ROWS
from .row import Row as Row
from .storerows import STORE_ROWS

STORES_URL = "https://docs.dapr.io/reference/components-reference/supported-state-stores/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one protocol's caller is told; ``code`` is Dapr's word in HTTP, and unused in gRPC."""

    status: int
    code: str
    message: str
    details: tuple[Detail, ...] = ()


def _store(error: errors.StateError) -> tuple[Detail, ...]:
    return (ResourceInfo("state", error.store),)


def _key(error: errors.IllegalKeyError) -> tuple[Detail, ...]:
    return (*_store(error), FieldViolation(error.key, str(error)))


def _stores(error: errors.StateError) -> tuple[Detail, ...]:
    return (
        *_store(error),
        HelpLink(STORES_URL, "Check the list of state stores and the features they support"),
    )


def _broker(error: errors.PublishingError) -> tuple[Detail, ...]:
    return (ResourceInfo("pubsub", error.pubsub, str(error)),)


def _plain(status: int, code: str, grpc: Code) -> Row:
    """Return the row of an error that callers of the gRPC API are told the code of, as its reason."""
    return Row(status, code, grpc, code, bare_in_http=True)


TABLE: dict[type[errors.BlockError], Row] = {
    errors.MalformedRequestError: Row(400, "ERR_MALFORMED_REQUEST", Code.INVALID_ARGUMENT),
    errors.MissingKeyError: Row(400, "ERR_MALFORMED_REQUEST", Code.INVALID_ARGUMENT),
    errors.NotOfferedError: Row(501, "ERR_API_UNIMPLEMENTED", Code.UNIMPLEMENTED),
    errors.NotOpenError: Row(404, "ERR_NOT_FOUND", Code.UNIMPLEMENTED),
    errors.UnauthenticatedError: Row(401, "ERR_UNAUTHENTICATED", Code.UNAUTHENTICATED),
    errors.NotReadyError: Row(500, "ERR_HEALTH_NOT_READY", Code.UNAVAILABLE),
    errors.OutboundNotReadyError: Row(500, "ERR_OUTBOUND_HEALTH_NOT_READY", Code.UNAVAILABLE),
    # state
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
    errors.OperationNotSupportedError: _plain(400, "ERR_NOT_SUPPORTED_STATE_OPERATION", Code.UNIMPLEMENTED),
    errors.EmptyKeyError: _plain(400, "ERR_STATE_SAVE", Code.INVALID_ARGUMENT),
    errors.StateGetError: _plain(500, "ERR_STATE_GET", Code.INTERNAL),
    errors.StateBulkGetError: Row(500, "ERR_STATE_BULK_GET", Code.INTERNAL),
    errors.StateSaveError: _plain(500, "ERR_STATE_SAVE", Code.INTERNAL),
    errors.StateDeleteError: _plain(500, "ERR_STATE_DELETE", Code.INTERNAL),
    errors.StateBulkDeleteError: _plain(500, "ERR_STATE_BULK_DELETE", Code.INTERNAL),
    errors.TransactionFailedError: _plain(500, "ERR_STATE_TRANSACTION", Code.INTERNAL),
    # publish
    errors.PubSubNotFoundError: Row(
        404, "ERR_PUBSUB_NOT_FOUND", Code.INVALID_ARGUMENT, "DAPR_PUBSUB_NOT_FOUND"
    ),
    errors.PubSubNameEmptyError: Row(
        404, "ERR_PUBSUB_EMPTY", Code.INVALID_ARGUMENT, "DAPR_PUBSUB_NAME_EMPTY", _broker
    ),
    errors.TopicEmptyError: Row(
        404, "ERR_TOPIC_NAME_EMPTY", Code.INVALID_ARGUMENT, "DAPR_PUBSUB_TOPIC_NAME_EMPTY", _broker
    ),
    errors.PublishMetadataError: Row(
        400,
        "ERR_PUBSUB_REQUEST_METADATA",
        Code.INVALID_ARGUMENT,
        "DAPR_PUBSUB_METADATA_DESERIALIZATION",
        _broker,
    ),
    errors.CloudEventError: Row(
        500,
        "ERR_PUBSUB_CLOUD_EVENTS_SER",
        Code.INVALID_ARGUMENT,
        "DAPR_PUBSUB_CLOUD_EVENT_CREATION",
        _broker,
    ),
    errors.TopicForbiddenError: Row(
        403, "ERR_PUBSUB_FORBIDDEN", Code.PERMISSION_DENIED, "DAPR_PUBSUB_FORBIDDEN", _broker
    ),
    errors.SubscriptionForbiddenError: Row(
        403, "ERR_PUBSUB_FORBIDDEN", Code.PERMISSION_DENIED, "DAPR_PUBSUB_FORBIDDEN", _broker
    ),
    errors.PublishFailedError: Row(
        500, "ERR_PUBSUB_PUBLISH_MESSAGE", Code.INTERNAL, "DAPR_PUBSUB_PUBLISH_MESSAGE", _broker
    ),
    errors.EventsUnreadableError: Row(
        400, "ERR_PUBSUB_EVENTS_SER", Code.INVALID_ARGUMENT, "DAPR_PUBSUB_UNMARSHAL_EVENTS", _broker
    ),
    errors.EntryError: Row(
        400, "ERR_PUBSUB_EVENTS_SER", Code.INVALID_ARGUMENT, "DAPR_PUBSUB_MARSHAL_EVENTS", _broker
    ),
    errors.OutboxError: Row(500, "ERR_PUBLISH_OUTBOX", Code.INTERNAL, "DAPR_PUBSUB_OUTBOX"),
    # bindings
    errors.BindingError: _plain(500, "ERR_INVOKE_OUTPUT_BINDING", Code.INTERNAL),
    errors.OperationMissingError: _plain(500, "ERR_INVOKE_OUTPUT_BINDING", Code.INTERNAL),
    errors.BindingNotFoundError: _plain(500, "ERR_INVOKE_OUTPUT_BINDING", Code.INTERNAL),
    errors.BindingOperationError: _plain(500, "ERR_INVOKE_OUTPUT_BINDING", Code.INTERNAL),
    # secrets
    errors.SecretStoresNotConfiguredError: Row(
        500, "ERR_SECRET_STORES_NOT_CONFIGURED", Code.FAILED_PRECONDITION
    ),
    errors.SecretStoreNotFoundError: Row(401, "ERR_SECRET_STORE_NOT_FOUND", Code.INVALID_ARGUMENT),
    errors.SecretDeniedError: Row(403, "ERR_PERMISSION_DENIED", Code.PERMISSION_DENIED),
    errors.SecretGetError: Row(500, "ERR_SECRET_GET", Code.INTERNAL),
    errors.BulkSecretGetError: Row(500, "ERR_SECRET_GET", Code.INTERNAL),
    # cryptography
    cryptoerrors.CryptoProvidersNotConfiguredError: Row(
        500, "ERR_CRYPTO_PROVIDERS_NOT_CONFIGURED", Code.INTERNAL
    ),
    cryptoerrors.CryptoProviderNotFoundError: Row(
        400, "ERR_CRYPTO_PROVIDER_NOT_FOUND", Code.INVALID_ARGUMENT
    ),
    cryptoerrors.CryptoRequestError: Row(400, "ERR_BAD_REQUEST", Code.INVALID_ARGUMENT),
    cryptoerrors.CryptoKeyError: Row(500, "ERR_CRYPTO_KEY", Code.INTERNAL),
    cryptoerrors.CryptoOperationError: Row(500, "ERR_CRYPTO", Code.INTERNAL),
    # conversation
    conversationerrors.ConversationNotFoundError: Row(
        400, "ERR_CONVERSATION_NOT_FOUND", Code.INVALID_ARGUMENT
    ),
    conversationerrors.MissingInputsError: Row(400, "ERR_CONVERSATION_MISSING_INPUTS", Code.INVALID_ARGUMENT),
    conversationerrors.InvalidParametersError: Row(
        400, "ERR_CONVERSATION_INVALID_PARMS", Code.INVALID_ARGUMENT
    ),
    conversationerrors.ConverseError: Row(500, "ERR_CONVERSATION_INVOKE", Code.INTERNAL),
    **STORE_ROWS,
    **CONTROL_PLANE_ROWS,
    **INVOCATION_ROWS,
}


def http_answer(error: errors.BlockError) -> Answer:
    """Return what the caller of the HTTP API is told."""
    row = TABLE[type(error)]
    match error:
        case (
            errors.StateStoreNotFoundError(app_id=app_id) | errors.StateStoreNotConfiguredError(app_id=app_id)
        ):
            info = ErrorInfo(row.reason, metadata={"appID": app_id})
            return Answer(status=row.status, code=row.code, message=str(error), details=(info,))
        case errors.QueryFailedError(cause=CustomError() as cause):
            return Answer(
                status=cause.http_status,
                code=cause.error_code or row.code,
                message=str(cause),
                details=(ErrorInfo(cause.reason, cause.domain),),
            )
        case errors.TransactionFailedError():
            pass  # flattened by daprd, whatever the store said
        case errors.StateOperationError(cause=CustomError() as cause):
            said = f"api error: code = {go_name(cause.code)} desc = {cause}"
            return Answer(status=cause.http_status, code=row.code, message=f"{error.failed}: {said}")
        case errors.StateOperationError():
            etag = _etag(error.cause)
            if etag is not None:
                return Answer(status=etag[0], code=row.code, message=str(error))
    details = () if row.bare_in_http else _details(row, error)
    return Answer(status=row.status, code=row.code, message=str(error), details=details)


def grpc_answer(error: errors.BlockError) -> Answer:
    """Return what the caller of the gRPC API is told; ``status`` is a gRPC status code."""
    row = TABLE[type(error)]
    match error:
        case errors.TransactionFailedError():
            pass
        case (
            errors.StateOperationError(cause=CustomError() as cause)
            | errors.QueryFailedError(cause=CustomError() as cause)
        ):
            details = (ErrorInfo(cause.reason, cause.domain),)
            return Answer(status=cause.code, code=cause.error_code, message=str(cause), details=details)
        case errors.StateBulkGetError(cause=cause):
            return Answer(status=cause.code, code=row.code, message=str(cause))
        case errors.StateOperationError():
            etag = _etag(error.cause)
            if etag is not None:
                said = str(error)
                return Answer(status=etag[1], code=row.code, message=said, details=_details(row, error))
    return Answer(status=row.grpc, code=row.code, message=str(error), details=_details(row, error))


def category(error: errors.BlockError) -> str:
    """Return what the error is about, in daprd's word for its metric."""
    match error:
        case errors.QueryFailedError(cause=CustomError()):
            return "pluggable-component"
        case errors.StateError() | errors.OperationNotSupportedError():
            return "state"
        case errors.PublishingError():
            return "pubsub"
        case errors.BindingError():
            return "binding"
        case errors.SecretError():
            return "secret"
        case invocation.InvocationError():
            return "service-invocation"
        case storeerrors.ConfigurationError():
            return "configuration"
        case storeerrors.LockError():
            return "lock"
        case controlplaneerrors.NoPlacementError():
            return "actor"
        case controlplaneerrors.JobError():
            return "job"
        case cryptoerrors.CryptoError():
            return "crypto"
        case conversationerrors.ConversationError():
            return "conversation"
        case errors.NotReadyError():
            return "health"
    return "common"


def _details(row: Row, error: errors.BlockError) -> tuple[Detail, ...]:
    if not row.reason:
        return ()
    match error:
        case errors.PublishingError(facts=facts) | controlplaneerrors.JobError(facts=facts):
            info = ErrorInfo(row.reason, metadata=facts)
        case errors.TooManyOperationsError(count=count, limit=limit):
            told = {"currentOpsTransaction": str(count), "maxOpsPerTransaction": str(limit)}
            info = ErrorInfo(row.reason, metadata=told)
        case _:
            info = ErrorInfo(row.reason)
    return (info, *(row.details(error) if row.details is not None else ()))


def _etag(cause: ComponentError) -> tuple[int, Code] | None:
    """Return both statuses if the store refused an ETag; of a bulk, if it refused nothing but ETags."""
    match cause:
        case ETagInvalidError():
            return 400, Code.INVALID_ARGUMENT
        case ETagMismatchError():
            return 409, Code.ABORTED
        case BulkError(failures=failures):
            kinds = {_etag(failure) for failure in failures.values()}
            if None not in kinds:
                return max(kinds, key=lambda kind: kind == (400, Code.INVALID_ARGUMENT), default=None)
    return None
