"""Between ``StatusError`` and what grpcio takes and raises."""

from __future__ import annotations

import asyncio
from itertools import accumulate

import grpc
from grpc import aio

from ..checks import STATUS_DETAILS
from ..limits import FIELD_BYTES
from ..status import Code, StatusError

_TO_GRPC = {Code(code.value[0]): code for code in grpc.StatusCode}
_FROM_GRPC = {code: Code(code.value[0]) for code in grpc.StatusCode}
#: What is not escaped in a text; the rest takes three bytes for one.
_AS_IT_IS = frozenset(map(chr, range(0x20, 0x7F))) - {"%"}
#: As many bytes of details are decoded by others, in base64.
DETAILS_BYTES = FIELD_BYTES // 4 * 3
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


def fitted(text: str) -> str:
    """Return what of a text core may send: as much as others decode, without a space at either end."""
    if 12 * len(text) > FIELD_BYTES:  # no character takes more
        sizes = accumulate(
            1 if char in _AS_IT_IS else 3 * len(char.encode("utf-8", "replace")) for char in text
        )
        text = text[: sum(1 for size in sizes if size <= FIELD_BYTES)]
    return text.strip(" ")


def being_cancelled() -> bool:
    """Tell a cancellation of the task at work from one that grpcio raises for a call that was cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
