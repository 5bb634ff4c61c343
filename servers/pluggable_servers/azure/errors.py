"""What the errors of Service Bus and its client mean to a caller: one table."""

from __future__ import annotations

from typing import Final

from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.servicebus import exceptions as of

from pluggable.errors import (
    ComponentError,
    DeniedError,
    InvalidRequestError,
    LimitExceededError,
    NotFoundError,
    TimedOutError,
    UnavailableError,
)

#: What a call to Service Bus can raise; a message that cannot be sent is a ValueError.
FAILURES: Final = (AzureError, OSError, TimeoutError, ValueError)
#: The first that fits counts, so the special come before the general.
_MEANING: Final[tuple[tuple[type[Exception], type[ComponentError]], ...]] = (
    (of.ServiceBusAuthenticationError, DeniedError),
    (of.ServiceBusAuthorizationError, DeniedError),
    (ClientAuthenticationError, DeniedError),
    (of.MessageSizeExceededError, InvalidRequestError),
    (of.MessagingEntityNotFoundError, NotFoundError),
    (of.MessagingEntityDisabledError, UnavailableError),
    (of.ServiceBusQuotaExceededError, LimitExceededError),
    (of.OperationTimeoutError, TimedOutError),
    (TimeoutError, TimedOutError),
    (ValueError, InvalidRequestError),
    (AzureError, UnavailableError),
    (OSError, UnavailableError),
)
#: Failures that another attempt does not mend.
LASTING: Final = (DeniedError, InvalidRequestError, NotFoundError)


def error_of(error: Exception, address: str) -> ComponentError:
    """Return the component's error for one of ``FAILURES``."""
    text = f"service bus {address}: {str(error) or type(error).__name__}"
    kind = next((kind for cause, kind in _MEANING if isinstance(error, cause)), ComponentError)
    if kind is DeniedError:
        text += "; check connectionString"
    return kind(text)
