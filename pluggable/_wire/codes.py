"""The error that a bare status code stands for."""

from __future__ import annotations

from typing import Final

from ..errors import (
    ComponentError,
    DeniedError,
    InvalidRequestError,
    LimitExceededError,
    NotFoundError,
    RemoteError,
    TimedOutError,
    UnavailableError,
    UnsupportedError,
)
from ..transport.status import Code

_BY_CODE: Final[dict[Code, type[ComponentError]]] = {
    kind.code: kind
    for kind in (
        DeniedError,
        InvalidRequestError,
        LimitExceededError,
        NotFoundError,
        TimedOutError,
        UnavailableError,
        UnsupportedError,
    )
}


def error_of_code(code: Code, text: str, details: bytes = b"") -> ComponentError:
    """Return the error; where its code has no name here, one that keeps it, with its details."""
    kind = _BY_CODE.get(code)
    return kind(text) if kind else RemoteError(text, code=code, details=details)
