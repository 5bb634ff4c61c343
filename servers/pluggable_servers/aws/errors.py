"""What the errors of AWS and its client mean to a caller: one table."""

from __future__ import annotations

from typing import Final

from botocore import exceptions as of

from pluggable.errors import (
    ComponentError,
    DeniedError,
    InvalidRequestError,
    LimitExceededError,
    NotFoundError,
    TimedOutError,
    UnavailableError,
)

#: What a call to AWS can raise.
FAILURES: Final = (of.ClientError, of.BotoCoreError, OSError)
#: The first that fits counts, so the special come before the general.
_MEANING: Final[tuple[tuple[type[Exception], type[ComponentError]], ...]] = (
    (of.NoCredentialsError, DeniedError),
    (of.PartialCredentialsError, DeniedError),
    (of.CredentialRetrievalError, DeniedError),
    (of.ParamValidationError, InvalidRequestError),
    (of.ConnectTimeoutError, UnavailableError),
    (of.ReadTimeoutError, TimedOutError),
    (of.ConnectionError, UnavailableError),
    (of.HTTPClientError, UnavailableError),
    (TimeoutError, TimedOutError),
    (OSError, UnavailableError),
)
#: Codes that come with a status which says something else, 400 for the most part.
_CODES: Final[dict[str, type[ComponentError]]] = {
    **dict.fromkeys(
        (
            "AWS.SimpleQueueService.NonExistentQueue",
            "QueueDoesNotExist",
            "NoSuchBucket",
            "NoSuchKey",
            "NotFound",
            "ResourceNotFoundException",
        ),
        NotFoundError,
    ),
    **dict.fromkeys(
        (
            "AccessDeniedException",
            "ExpiredToken",
            "ExpiredTokenException",
            "IncompleteSignature",
            "InvalidClientTokenId",
            "UnrecognizedClientException",
        ),
        DeniedError,
    ),
    **dict.fromkeys(
        (
            "LimitExceededException",
            "OverLimit",
            "RequestThrottled",
            "SlowDown",
            "Throttling",
            "ThrottlingException",
            "TooManyRequestsException",
        ),
        LimitExceededError,
    ),
    **dict.fromkeys(("InternalServiceError", "RequestTimeout"), UnavailableError),
}
_STATUS: Final[dict[int, type[ComponentError]]] = {
    400: InvalidRequestError,
    401: DeniedError,
    403: DeniedError,
    404: NotFoundError,
    429: LimitExceededError,
}


def error_of(error: Exception, where: str) -> ComponentError:
    """Return the component's error for one of ``FAILURES``; ``where`` is the service and its endpoint."""
    if isinstance(error, of.ClientError):
        return _refusal(error, where)
    text = f"{where}: {str(error) or type(error).__name__}"
    return next((kind for cause, kind in _MEANING if isinstance(error, cause)), ComponentError)(text)


def _refusal(error: of.ClientError, where: str) -> ComponentError:
    """Return the error for what the service itself answered."""
    answer = error.response.get("Error", {})
    code = str(answer.get("Code", "") or "an error")
    text = f"{where}: {error.operation_name}: {code}: {answer.get('Message', '')}".rstrip(": ")
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    kind = _CODES.get(code) or _STATUS.get(status)
    if kind is None:
        kind = UnavailableError if status >= 500 else ComponentError
    if kind is DeniedError:
        text += "; check accessKey, secretKey and what they may do"
    return kind(text)
