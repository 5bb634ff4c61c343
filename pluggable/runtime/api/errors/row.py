"""One line of the table of errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ....transport import Code
from ..details import Detail


@dataclass(frozen=True, slots=True)
class Row:
    """What callers are told of one class of errors. Without a reason there are no details."""

    status: int
    code: str
    grpc: Code
    reason: str = ""
    details: Callable[[Any], tuple[Detail, ...]] | None = None
    bare_in_http: bool = False
    """The details go to callers of the gRPC API only."""


def plain(status: int, code: str, grpc: Code) -> Row:
    """Return the row of an error that callers of the gRPC API are told the code of, as its reason."""
    return Row(status, code, grpc, code, bare_in_http=True)
