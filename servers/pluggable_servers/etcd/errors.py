"""What the errors of etcd mean to a caller: one table."""

from __future__ import annotations

from typing import Final

from pluggable.errors import (
    ComponentError,
    DeniedError,
    InvalidRequestError,
    LimitExceededError,
    TimedOutError,
    UnavailableError,
)
from pluggable.transport import Code, StatusError

_MEANING: Final[dict[Code, type[ComponentError]]] = {
    Code.UNAVAILABLE: UnavailableError,
    Code.DEADLINE_EXCEEDED: TimedOutError,
    Code.RESOURCE_EXHAUSTED: LimitExceededError,
    Code.PERMISSION_DENIED: DeniedError,
    Code.UNAUTHENTICATED: DeniedError,
    Code.INVALID_ARGUMENT: InvalidRequestError,
    Code.OUT_OF_RANGE: InvalidRequestError,
}
#: What etcd calls an invalid argument and is a limit of the server's, by a part of its words.
_LIMITS: Final = {
    "received message larger than max": "the server takes more with a larger --max-request-bytes",
    "request is too large": "the server takes more with a larger --max-request-bytes",
    "too many operations": "the server takes more with a larger --max-txn-ops, and maxTxnOps has to be that",
}


def error_of(error: StatusError, address: str, seconds: float) -> ComponentError:
    """Return the component's error for what a call to a member raised."""
    said = error.message or error.code.name
    for part, advice in _LIMITS.items():
        if part in said:
            return LimitExceededError(f"etcd {address}: {said}; {advice}")
    if error.code is Code.DEADLINE_EXCEEDED:
        return TimedOutError(f"etcd {address}: no answer within {seconds:g} s")
    return _MEANING.get(error.code, ComponentError)(f"etcd {address}: {said}")
