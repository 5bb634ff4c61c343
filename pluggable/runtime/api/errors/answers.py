"""
What callers are told of an error, by the table.

Where daprd answers something else for HTTP than for gRPC (a component's own error, an ETag), it is said here.
Source: dapr/dapr ``pkg/api/errors``, ``pkg/messages``.
"""

from __future__ import annotations

from dataclasses import dataclass

from ....errors import BulkError, ComponentError, CustomError, ETagInvalidError, ETagMismatchError
from ....transport import Code
from ... import errors, invocation
from ...errors import configuration, controlplane, conversation, crypto, lock
from ...gotext import go_name
from ..details import Detail, ErrorInfo
from .row import Row
from .table import TABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one protocol's caller is told; ``code`` is Dapr's word in HTTP, and unused in gRPC."""

    status: int
    code: str
    message: str
    details: tuple[Detail, ...] = ()


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
        case configuration.ConfigurationError():
            return "configuration"
        case lock.LockError():
            return "lock"
        case controlplane.NoPlacementError():
            return "actor"
        case controlplane.JobError():
            return "job"
        case crypto.CryptoError():
            return "crypto"
        case conversation.ConversationError():
            return "conversation"
        case errors.NotReadyError():
            return "health"
    return "common"


def _details(row: Row, error: errors.BlockError) -> tuple[Detail, ...]:
    if not row.reason:
        return ()
    match error:
        case errors.PublishingError(facts=facts) | controlplane.JobError(facts=facts):
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
