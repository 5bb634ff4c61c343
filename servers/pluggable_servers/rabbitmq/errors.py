"""What the errors of RabbitMQ and its client mean to a caller: one table."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import aiormq
from pamqp.exceptions import PAMQPException

from pluggable.errors import (
    ComponentError,
    DeniedError,
    InvalidRequestError,
    LimitExceededError,
    TimedOutError,
    UnavailableError,
)


class LostError(aiormq.AMQPConnectionError):
    """The connection was given up, or is not there."""


#: What a call to RabbitMQ can raise. A channel that is closed already is a RuntimeError of aiormq's own.
FAILURES: Final = (
    aiormq.AMQPError,
    aiormq.exceptions.ChannelInvalidStateError,
    PAMQPException,
    OSError,
    TimeoutError,
)
#: The first that fits counts, so the special come before the general.
_MEANING: Final[tuple[tuple[type[Exception], type[ComponentError]], ...]] = (
    (aiormq.AuthenticationError, DeniedError),
    (aiormq.ProbableAuthenticationError, DeniedError),
    (aiormq.ConnectionNotAllowed, DeniedError),
    (aiormq.ChannelAccessRefused, DeniedError),
    (aiormq.ChannelPreconditionFailed, InvalidRequestError),
    (aiormq.DeliveryError, LimitExceededError),
    (aiormq.ConnectionResourceError, LimitExceededError),
    (TimeoutError, TimedOutError),
    (OSError, UnavailableError),
    (aiormq.AMQPError, UnavailableError),
    (aiormq.exceptions.ChannelInvalidStateError, UnavailableError),
)
#: The mechanism by which a client's certificate says who it is.
_BY_CERTIFICATE: Final = "EXTERNAL"
#: Failures that another attempt does not mend.
LASTING: Final = (DeniedError, InvalidRequestError, LimitExceededError, TimedOutError)


def error_of(error: Exception, address: str) -> ComponentError:
    """Return the component's error for one of ``FAILURES``."""
    text = f"rabbitmq {address}: {str(error) or type(error).__name__}"
    if isinstance(error, aiormq.DeliveryError):
        return LimitExceededError(f"rabbitmq {address}: the broker refused the message; a queue may be full")
    if type(error) is TimeoutError and not str(error):  # asyncio's; what the system says has a text
        return TimedOutError(
            f"rabbitmq {address}: the broker does not answer; it may be out of memory or disk, "
            "and then takes messages again when it has both"
        )
    if isinstance(error, aiormq.AuthenticationError):  # Its first argument is what the broker offers.
        return DeniedError(
            f"rabbitmq {address}: the broker offers {error.args[0]}, wanted PLAIN for a user and a password, "
            f"or {_BY_CERTIFICATE} where saslExternal is set"
        )
    if isinstance(error, aiormq.ProbableAuthenticationError):
        by_certificate = _BY_CERTIFICATE in text
        what = "that clientCert names a user of the broker" if by_certificate else "user name and password"
        return DeniedError(f"{text}; check {what}")
    return next((kind for cause, kind in _MEANING if isinstance(error, cause)), ComponentError)(text)


@contextmanager
def loss_told() -> Iterator[None]:
    """
    Raise ``LostError`` where aiormq gives up a connection.

    It ends those who wait for a connection that went silent with the same exception as a cancellation.
    """
    try:
        yield
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise LostError("the connection was lost") from error
