"""
A queue of SQS as a binding.

Facts: components-contrib ``bindings/aws/sqs/sqs.go``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from pluggable.about import About
from pluggable.bindings import Event, InputBinding, InvokeRequest, InvokeResponse, OutputBinding
from pluggable.delivery import Accepted, Delivery, Outcome, Rejected, Unanswered
from pluggable.errors import ComponentError, InitError, InvalidRequestError, NotFoundError
from pluggable.metadata import Metadata, setting

from .client import AWS
from .queue import FIRST_PAUSE, LONGEST_PAUSE, SERVICE, Queue
from .settings import AUTHENTICATION, AWSSettings

logger = logging.getLogger(__name__)

#: One message at a time; SQS waits for it as long as it can.
_RECEIVE: Final[dict[str, Any]] = {"MaxNumberOfMessages": 1, "WaitTimeSeconds": 20}
_OPERATIONS: Final = {"create": "Sends a message."}


@dataclass(frozen=True, slots=True, kw_only=True)
class SQSSettings(AWSSettings):
    """The properties of ``bindings.aws.sqs``."""

    queue_name: str = setting(description="The queue, which must exist.", example="orders")


class SQSBinding(InputBinding, OutputBinding):
    """
    Calls send; messages are events, one after the other.

    A message is deleted when it was handled. One that was not comes again when the queue's visibility
    timeout is over; one that nobody answered, at once.
    """

    about = About(
        settings=SQSSettings,
        title="AWS SQS",
        description="A queue of SQS.",
        url="https://docs.dapr.io/reference/components-reference/supported-bindings/sqs/",
        authentication=AUTHENTICATION,
        operations=_OPERATIONS,
    )
    operations = tuple(_OPERATIONS)

    def __init__(self) -> None:
        self._opened: tuple[str, AWS] | None = None
        self._queue: Queue | None = None

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(SQSSettings)
        self._opened = settings.queue_name, await AWS.open(settings, SERVICE, name=metadata.name)

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened[1].close()

    async def ping(self) -> None:
        name, aws = self._initialised()
        await aws.answers(SERVICE, "get_queue_url", QueueName=name)

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        if request.operation not in self.operations:
            raise InvalidRequestError(f"unsupported operation {request.operation}, wanted create")
        with self._found_again():
            await (await self._found()).send(request.data)
        return InvokeResponse()

    async def read(self, deliver: Delivery[Event]) -> None:
        name, aws = self._initialised()
        pause = FIRST_PAUSE
        while True:
            try:
                with self._found_again():
                    queue = await self._found()
                    deliver.ready()
                    for message in await queue.receive(**_RECEIVE):
                        await self._handle(queue, message, deliver)
                pause = FIRST_PAUSE
            except ComponentError as error:
                logger.warning(
                    'bindings.aws.sqs "%s": queue "%s": %s; trying again in %g s',
                    aws.name,
                    name,
                    error,
                    pause,
                )
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    async def _handle(self, queue: Queue, message: dict[str, Any], deliver: Delivery[Event]) -> None:
        outcome: Outcome = Unanswered()
        try:
            outcome = await deliver(Event(data=message["Body"].encode()))
        finally:
            if isinstance(outcome, Unanswered):
                await queue.put_back(message)
        if isinstance(outcome, Accepted):
            await queue.delete(message)
        elif isinstance(outcome, Rejected):
            name, aws = self._initialised()
            logger.warning(
                'bindings.aws.sqs "%s": message %s of queue "%s" was not handled, and comes again: %s',
                aws.name,
                message["MessageId"],
                name,
                outcome.reason,
            )

    async def _found(self) -> Queue:
        """Return the queue; SQS is asked once where it is."""
        if self._queue is None:
            name, aws = self._initialised()
            url = (await aws.call(SERVICE, "get_queue_url", QueueName=name))["QueueUrl"]
            self._queue = Queue(aws, url)
        return self._queue

    @contextmanager
    def _found_again(self) -> Iterator[None]:
        """Ask again next time for a queue that is gone: it may be back elsewhere."""
        try:
            yield
        except NotFoundError:
            self._queue = None
            raise

    def _initialised(self) -> tuple[str, AWS]:
        if self._opened is None:
            raise InitError("bindings.aws.sqs was not initialised: await init first")
        return self._opened
