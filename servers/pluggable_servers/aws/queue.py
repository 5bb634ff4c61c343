"""A queue of SQS: messages are sent, received, deleted, and put back."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from pluggable.errors import ComponentError, InvalidRequestError

from .client import AWS

logger = logging.getLogger(__name__)

SERVICE: Final = "sqs"
#: Before SQS is asked again that did not answer, or refused; the longest of the growing pauses.
FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 10.0
#: How long putting a message back may take, which is done when one goes.
_PUT_BACK_SECONDS: Final = 2.0


class Queue:
    """One queue, at its URL."""

    def __init__(self, aws: AWS, url: str, arn: str = "") -> None:
        self.url = url
        self.arn = arn
        self._aws = aws

    async def send(self, data: bytes) -> None:
        """Send a message; returns when SQS has it."""
        await self.call("send_message", MessageBody=_text(data))

    async def receive(self, **how: Any) -> list[dict[str, Any]]:
        """Return messages, which are hidden from others for a while."""
        found: list[dict[str, Any]] = (await self.call("receive_message", **how)).get("Messages", [])
        return found

    async def delete(self, message: dict[str, Any]) -> None:
        """Delete a message that was received: it was handled."""
        await self.call("delete_message", ReceiptHandle=message["ReceiptHandle"])

    async def put_back(self, message: dict[str, Any]) -> None:
        """Let others have a message at once; where that cannot be said, they have it later."""
        try:
            async with asyncio.timeout(_PUT_BACK_SECONDS):
                await self.call(
                    "change_message_visibility", ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
                )
        except (ComponentError, TimeoutError) as error:
            logger.info(
                "message %s could not be put back, and comes again later: %s", message["MessageId"], error
            )

    async def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """Return what SQS answers to an operation on this queue."""
        return await self._aws.call(SERVICE, operation, QueueUrl=self.url, **parameters)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise InvalidRequestError(
            f"a message of SQS is text, and this is no UTF-8 ({error.reason} at byte {error.start}); "
            "send it as base64"
        ) from error
