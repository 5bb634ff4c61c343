"""What the errors of Kafka and its client mean to a caller: one table."""

from __future__ import annotations

from typing import Final

from aiokafka import errors as of

from pluggable.errors import (
    ComponentError,
    DeniedError,
    InvalidRequestError,
    LimitExceededError,
    NotFoundError,
    TimedOutError,
    UnavailableError,
)

#: What a call to Kafka can raise.
FAILURES: Final = (of.KafkaError, of.ConsumerStoppedError, OSError)
#: The first that fits counts.
_MEANING: Final[tuple[tuple[type[Exception], type[ComponentError]], ...]] = (
    (of.MessageSizeTooLargeError, LimitExceededError),
    (of.RecordListTooLargeError, LimitExceededError),
    (of.RecordTooLargeError, LimitExceededError),
    (of.QuotaViolationError, LimitExceededError),
    (of.TopicAuthorizationFailedError, DeniedError),
    (of.GroupAuthorizationFailedError, DeniedError),
    (of.ClusterAuthorizationFailedError, DeniedError),
    (of.AuthenticationFailedError, DeniedError),
    (of.SaslAuthenticationFailed, DeniedError),
    (of.UnknownTopicOrPartitionError, NotFoundError),
    (of.InvalidTopicError, InvalidRequestError),
    (of.KafkaTimeoutError, TimedOutError),
    (of.RequestTimedOutError, TimedOutError),
    (of.KafkaConnectionError, UnavailableError),
    (of.NodeNotReadyError, UnavailableError),
    (of.ProducerClosed, UnavailableError),
    (of.ConsumerStoppedError, UnavailableError),
    (OSError, UnavailableError),
)


def error_of(error: Exception, brokers: str, reason: str = "") -> ComponentError:
    """Return the component's error for one of ``FAILURES``, with what more is known of why."""
    text = f"kafka {brokers}: {str(error) or type(error).__name__}{f'; {reason}' if reason else ''}"
    if isinstance(error, of.KafkaError) and error.retriable:
        # What the client itself has repeated until its time was up.
        kind = next((kind for cause, kind in _MEANING if isinstance(error, cause)), UnavailableError)
        return kind(text)
    return next((kind for cause, kind in _MEANING if isinstance(error, cause)), ComponentError)(text)
