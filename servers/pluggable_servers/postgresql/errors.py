"""What the errors of PostgreSQL and its driver mean to a caller: one table."""

from __future__ import annotations

from typing import Final

import asyncpg

from pluggable.errors import (
    ComponentError,
    DeniedError,
    InvalidRequestError,
    LimitExceededError,
    TimedOutError,
    UnavailableError,
)

#: What a call to PostgreSQL can raise; an InternalClientError is what a server that is ending causes.
FAILURES: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
#: By the beginning of SQLSTATE; the longest that fits counts.
_MEANING: Final[dict[str, type[ComponentError]]] = {
    "08": UnavailableError,
    "22": InvalidRequestError,
    "25006": UnavailableError,
    "28": DeniedError,
    "40": UnavailableError,
    "42501": DeniedError,
    "53": LimitExceededError,
    "54": LimitExceededError,
    "55P03": UnavailableError,
    "57014": TimedOutError,
    "57P": UnavailableError,
    "58": UnavailableError,
}


def error_of(error: Exception, address: str) -> ComponentError:
    """Return the component's error for one of ``FAILURES``."""
    text = f"postgresql {address}: {str(error) or type(error).__name__}"
    if isinstance(error, TimeoutError):
        return TimedOutError(f"{text}; the server gave no answer in time")
    if isinstance(error, asyncpg.PostgresError):
        state = getattr(error, "sqlstate", None) or ""
        for length in (5, 3, 2):
            if (kind := _MEANING.get(state[:length])) is not None:
                hint = "; check user and password" if state.startswith("28") else ""
                return kind(text + hint)
        return ComponentError(text)
    return UnavailableError(text)
