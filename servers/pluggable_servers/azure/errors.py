"""What the errors of Service Bus and its client mean to a caller: one table."""

from __future__ import annotations

from typing import Final

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
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
#: What the administration answers to who may not.
_REFUSALS: Final = (401, 403)
#: Failures that another attempt does not mend.
LASTING: Final = (DeniedError, InvalidRequestError, NotFoundError)


def error_of(error: Exception, address: str) -> ComponentError:
    """Return the component's error for one of ``FAILURES``."""
    said = str(error) or type(error).__name__
    if isinstance(error, HttpResponseError):  # of the administration
        said = " ".join(said.split()).rstrip(".")
        if error.status_code in _REFUSALS:
            said += "; to make what is not there takes the right Manage, else set disableEntityManagement"
            return DeniedError(f"service bus {address}: {said}")
    kind = next((kind for cause, kind in _MEANING if isinstance(error, cause)), ComponentError)
    if kind is DeniedError:
        said += "; check connectionString, or who the component is to Microsoft Entra ID"
    return kind(f"service bus {address}: {said}")
