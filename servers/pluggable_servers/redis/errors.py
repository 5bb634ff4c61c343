"""What the errors of Redis and its client mean to a caller: one table."""

from __future__ import annotations

from typing import Final

from redis import exceptions as of

from pluggable.errors import (
    ComponentError,
    DeniedError,
    InvalidRequestError,
    LimitExceededError,
    TimedOutError,
    UnavailableError,
)

#: What a call to Redis can raise; that of a cluster is no RedisError.
FAILURES: Final = (of.RedisError, of.RedisClusterException, OSError)
#: The first that fits counts, so the special come before the general.
_MEANING: Final[tuple[tuple[type[Exception], type[ComponentError]], ...]] = (
    (of.AuthorizationError, DeniedError),
    (of.NoPermissionError, DeniedError),
    (of.AuthenticationWrongNumberOfArgsError, DeniedError),
    (of.OutOfMemoryError, LimitExceededError),
    (of.MaxConnectionsError, LimitExceededError),
    (of.TimeoutError, TimedOutError),
    (of.ReadOnlyError, UnavailableError),
    (of.BusyLoadingError, UnavailableError),
    (of.ConnectionError, UnavailableError),
    (of.ClusterError, UnavailableError),
    (of.RedisClusterException, UnavailableError),
    (OSError, UnavailableError),
)


def error_of(error: Exception, address: str) -> ComponentError:
    """Return the component's error for one of ``FAILURES``."""
    text = f"redis {address}: {str(error) or type(error).__name__}"
    if isinstance(error, of.AuthenticationError) or str(error).startswith("NOAUTH"):
        return DeniedError(f"{text}; check redisUsername and redisPassword")
    if isinstance(error, of.ClusterCrossSlotError) or "same key slot" in text:
        return InvalidRequestError(
            f"{text}; in a cluster the keys of a transaction must share a {{hash tag}}"
        )
    return next((kind for cause, kind in _MEANING if isinstance(error, cause)), ComponentError)(text)
