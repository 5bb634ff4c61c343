"""What the errors of etcd mean to a caller: one table."""

from __future__ import annotations

from typing import Final

import grpc

from pluggable.errors import (
    ComponentError,
    DeniedError,
    InvalidRequestError,
    LimitExceededError,
    TimedOutError,
    UnavailableError,
)

_MEANING: Final[dict[grpc.StatusCode, type[ComponentError]]] = {
    grpc.StatusCode.UNAVAILABLE: UnavailableError,
    grpc.StatusCode.DEADLINE_EXCEEDED: TimedOutError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: LimitExceededError,
    grpc.StatusCode.PERMISSION_DENIED: DeniedError,
    grpc.StatusCode.UNAUTHENTICATED: DeniedError,
    grpc.StatusCode.INVALID_ARGUMENT: InvalidRequestError,
    grpc.StatusCode.OUT_OF_RANGE: InvalidRequestError,
}
#: What etcd calls an invalid argument and is a limit of the server's, by a part of its words.
_LIMITS: Final = {
    "received message larger than max": "the server takes more with a larger --max-request-bytes",
    "request is too large": "the server takes more with a larger --max-request-bytes",
    "too many operations": "the server takes more with a larger --max-txn-ops, and maxTxnOps has to be that",
}


def error_of(error: grpc.aio.AioRpcError, address: str, seconds: float) -> ComponentError:
    """Return the component's error for what a call to a member raised."""
    said = error.details() or error.code().name
    for part, advice in _LIMITS.items():
        if part in said:
            return LimitExceededError(f"etcd {address}: {said}; {advice}")
    if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        return TimedOutError(f"etcd {address}: no answer within {seconds:g} s")
    return _MEANING.get(error.code(), ComponentError)(f"etcd {address}: {said}")


def never_sent(error: grpc.aio.AioRpcError) -> bool:
    """Return whether the request was certainly not seen by any server, since there was no connection."""
    said = error.details() or ""
    return error.code() is grpc.StatusCode.UNAVAILABLE and said.startswith("failed to connect")
