"""What the errors of NATS and its client mean to a caller: one table."""

from __future__ import annotations

from typing import Final

from nats import errors as of
from nats.js import errors as of_streams

from pluggable.errors import (
    ComponentError,
    DeniedError,
    InvalidRequestError,
    LimitExceededError,
    NotFoundError,
    TimedOutError,
    UnavailableError,
)

#: What a call to NATS can raise.
FAILURES: Final = (of.Error, OSError)
#: The first that fits counts, so the special come before the general.
_MEANING: Final[tuple[tuple[type[Exception], type[ComponentError]], ...]] = (
    (of.AuthorizationError, DeniedError),
    (of.InvalidUserCredentialsError, DeniedError),
    (of.MaxPayloadError, LimitExceededError),
    (of.OutboundBufferLimitError, UnavailableError),
    (of.BadSubjectError, InvalidRequestError),
    (of_streams.NoStreamResponseError, NotFoundError),
    (of_streams.NotFoundError, NotFoundError),
    (of_streams.BadRequestError, InvalidRequestError),
    (of_streams.APIError, UnavailableError),
    (of.TimeoutError, TimedOutError),
    (of.Error, UnavailableError),
    (OSError, UnavailableError),
)
#: By what numbers the server says that a limit was reached: of an account, the machine, a stream, a message.
_LIMITS: Final = frozenset({10002, 10023, 10028, 10047, 10054})
#: A stream could not store a message; it may be full, or broken.
_NOT_STORED: Final = 10077
_FULL: Final = "maximum"


def error_of(error: Exception, address: str) -> ComponentError:
    """Return the component's error for one of ``FAILURES``."""
    text = f"nats {address}: {_said(error)}"
    if isinstance(error, of_streams.APIError) and _is_limit(error):
        return LimitExceededError(text)
    return next((kind for cause, kind in _MEANING if isinstance(error, cause)), ComponentError)(text)


def _is_limit(error: of_streams.APIError) -> bool:
    return error.err_code in _LIMITS or (
        error.err_code == _NOT_STORED and (error.description or "").startswith(_FULL)
    )


def _said(error: Exception) -> str:
    if isinstance(error, of_streams.APIError):
        return error.description or type(error).__name__
    return (str(error) or type(error).__name__).removeprefix("nats: ")
