"""Between ``StatusError`` and what grpcio takes and raises."""

from __future__ import annotations

import asyncio
import re

import grpc
from grpc import aio

from ..calls import Pairs
from ..status import Code, StatusError

STATUS_DETAILS = "grpc-status-details-bin"

Metadata = tuple[tuple[str, str | bytes], ...]

_TO_GRPC = {Code(code.value[0]): code for code in grpc.StatusCode}
_FROM_GRPC = {code: Code(code.value[0]) for code in grpc.StatusCode}
_NAME = re.compile(r"[0-9a-z_.-]+")
_TEXT = re.compile(r"[ -~]*")
_NOT_CONNECTED = "failed to connect to all addresses; last error: "
_CORE_DEADLINE = {"Deadline Exceeded", "Stream removed (Deadline Exceeded)"}


def to_grpc(code: Code) -> grpc.StatusCode:
    """Return grpcio's name of a code."""
    return _TO_GRPC[code]


def from_grpc(error: aio.AioRpcError, address: str, method: str, timeout: float | None) -> StatusError:
    """Return how a call ended. What core says of a lost or late peer is put so that it names the peer."""
    code = _FROM_GRPC[error.code()]
    text = error.details() or ""
    if code is Code.UNAVAILABLE and text.startswith(_NOT_CONNECTED):
        text = f"cannot connect to {address}: {text.removeprefix(_NOT_CONNECTED)}"
    elif code is Code.DEADLINE_EXCEEDED and text in _CORE_DEADLINE and timeout is not None:
        text = f"{address} did not finish {method} within {timeout:g} s"
    for name, value in error.trailing_metadata():
        if name == STATUS_DETAILS and isinstance(value, bytes):
            return StatusError(code, text, value)
    return StatusError(code, text)


def being_cancelled() -> bool:
    """Tell a cancellation of the task at work from one that grpcio raises for a call that was cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def checked(metadata: Pairs) -> Metadata:
    """
    Return metadata as grpcio takes it.

    Raises:
        StatusError: ``INTERNAL``, a name or value cannot be sent. Core would end the call and not say for
            which, and leave the sender of a stream waiting for ever.
    """
    for name, value in metadata:
        if not _NAME.fullmatch(name):
            fault = "names are of lower-case letters, digits and _ . -"
        elif isinstance(value, bytes) != name.endswith("-bin"):
            fault = "bytes go under a name that ends in -bin, and nothing else does"
        elif isinstance(value, str) and not _TEXT.fullmatch(value):
            fault = "text is printable ASCII"
        else:
            continue
        raise StatusError(Code.INTERNAL, f"metadata {name!r}: {value!r} cannot be sent: {fault}")
    return tuple(metadata)


def check_size(message: bytes, limit: int | None) -> None:
    """
    Refuse a message over the bound for sending.

    Raises:
        StatusError: ``RESOURCE_EXHAUSTED``, with both sizes.
    """
    if limit is not None and len(message) > limit:
        raise StatusError(
            Code.RESOURCE_EXHAUSTED, f"the message has {len(message)} bytes, at most {limit} may be sent"
        )
