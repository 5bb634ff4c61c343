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

#: The first that fits counts, so the special come before the general.
_MEANING: Final[tuple[tuple[type[Exception], type[ComponentError]], ...]] = (
    (of.AuthenticationError, DeniedError),
    (of.AuthorizationError, DeniedError),
    (of.NoPermissionError, DeniedError),
    (of.AuthenticationWrongNumberOfArgsError, DeniedError),
    (of.OutOfMemoryError, LimitExceededError),
    (of.MaxConnectionsError, LimitExceededError),
    (of.ClusterCrossSlotError, InvalidRequestError),
    (of.TimeoutError, TimedOutError),
    (of.ReadOnlyError, UnavailableError),
    (of.BusyLoadingError, UnavailableError),
    (of.ConnectionError, UnavailableError),
    (of.ClusterError, UnavailableError),
    (of.RedisClusterException, ComponentError),
)


def error_of(error: of.RedisError | OSError, address: str) -> ComponentError:
    """Return the component's error for the client's."""
    text = str(error)
    if text.startswith(("NOAUTH", "WRONGPASS")):
        return DeniedError(f"redis {address}: {text}; check redisUsername and redisPassword")
    if isinstance(error, OSError):
        return UnavailableError(f"redis {address}: {text}")
    if isinstance(error, of.RedisClusterException) and "slot" in text:
        return InvalidRequestError(
            f"redis {address}: {text}; in a cluster the keys of a transaction must share a {{hash tag}}"
        )
    kind = next((kind for cause, kind in _MEANING if isinstance(error, cause)), ComponentError)
    return kind(f"redis {address}: {text or type(error).__name__}")
