"""
A broker of SNS topics and one SQS queue, by the names and with the attributes that daprd uses.

Facts: components-contrib ``pubsub/aws/snssqs/*.go``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pluggable import About, pubsub
from pluggable.delivery import Delivery
from pluggable.errors import ComponentError, InitError, NotFoundError
from pluggable.metadata import Metadata, setting

from .client import AWS
from .consumer import Consumer, Terms
from .entities import SNS, STS, Entities, Naming
from .envelope import packed
from .queue import SERVICE as SQS
from .settings import AUTHENTICATION, AWSSettings

#: As long as the ID of an account is.
_ACCOUNT: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class SNSSQSSettings(AWSSettings):
    """The properties of ``pubsub.aws.snssqs``; those that begin with ``backOff`` have no effect here."""

    consumer_id: str = setting(
        default="",
        name="consumerID",
        description="The queue of all subscriptions; the sidecar fills in its app ID.",
        example="orders",
    )
    partition: str = setting(
        default="", description="AWS's partition; else that of the region.", example="aws-cn"
    )
    account_id: str = setting(
        default="",
        name="accountID",
        description="The account that topics and queues belong to; else that of the credentials.",
        example="123456789012",
    )
    fifo: bool = setting(default=False, description="Makes topics and queues that keep an order.")
    fifo_message_group_id: str = setting(
        default="",
        name="fifoMessageGroupID",
        description="The group whose messages are in order; else consumerID.",
    )
    sqs_dead_letters_queue_name: str = setting(
        default="", description="The queue for what was received messageReceiveLimit times.", example="dead"
    )
    message_receive_limit: int = setting(
        default=0, description="How often a message is received before it goes to the dead letters."
    )
    message_visibility_timeout: int = setting(
        default=10, description="How many seconds a message is hidden from others once it is received."
    )
    message_retry_limit: int = setting(
        default=10,
        description="The time a message is received at which it is deleted unhandled; not with dead letters.",
    )
    disable_delete_on_retry_limit: bool = setting(
        default=False, description="Keeps what messageRetryLimit would delete, and offers it at once again."
    )
    message_wait_time_seconds: int = setting(
        default=2, description="How long SQS is to wait for messages in one request."
    )
    message_max_number: int = setting(
        default=10, description="How many messages to receive in one request, up to 10; with fifo 1."
    )
    disable_entity_management: bool = setting(
        default=False, description="Makes no topics, queues and subscriptions: they must be there."
    )
    assets_management_timeout_seconds: float = setting(
        default=5.0, description="How long one request to make or find them may take."
    )
    concurrency_mode: Literal["parallel", "single"] = setting(
        default="parallel", description="Whether messages are handled side by side or one after the other."
    )
    concurrency_limit: int = setting(
        default=0, description="How many messages are handled at once; 0 for a thousand."
    )

    def faults(self) -> list[str]:
        faults = AWSSettings.faults(self)
        if not self.consumer_id.strip():
            faults.append("consumerID is missing; set it under spec.metadata where the sidecar does not")
        for name, value, least in (
            ("messageVisibilityTimeout", self.message_visibility_timeout, 1),
            ("messageRetryLimit", self.message_retry_limit, 2),
            ("messageWaitTimeSeconds", self.message_wait_time_seconds, 1),
            ("messageReceiveLimit", self.message_receive_limit, 0),
            ("concurrencyLimit", self.concurrency_limit, 0),
        ):
            if value < least:
                faults.append(f"{name} is {value}, wanted {least} or more")
        if not 1 <= self.message_max_number <= 10:
            faults.append(f"messageMaxNumber is {self.message_max_number}, wanted 1 to 10")
        if bool(self.message_receive_limit) != bool(self.sqs_dead_letters_queue_name):
            faults.append("of sqsDeadLettersQueueName and messageReceiveLimit one is missing")
        if self.sqs_dead_letters_queue_name and self.disable_delete_on_retry_limit:
            faults.append("disableDeleteOnRetryLimit and sqsDeadLettersQueueName are both set; keep one")
        return faults


class SNSSQSPubSub(pubsub.PubSub):
    """
    Topics of SNS; one queue of SQS, named by ``consumerID``, has the messages of all that are subscribed to.

    What was handled is deleted. What was not comes again when ``messageVisibilityTimeout`` is over, up to
    ``messageRetryLimit`` or to the dead letters; what nobody answered comes again at once.
    """

    about = About(
        settings=SNSSQSSettings,
        title="AWS SNS/SQS",
        description="Topics of SNS and a queue of SQS, those that daprd's pubsub.aws.snssqs makes.",
        url="https://docs.dapr.io/reference/components-reference/supported-pubsub/setup-aws-snssqs/",
        authentication=AUTHENTICATION,
    )

    def __init__(self) -> None:
        self._opened: tuple[AWS, Entities, Consumer] | None = None
        self._group = ""

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(SNSSQSSettings)
        aws = await AWS.open(settings, SNS, SQS, STS, name=metadata.name)
        try:
            entities = await _entities(aws, settings)
        except ComponentError as error:
            await aws.close()
            raise InitError(str(error)) from error
        except BaseException:
            await aws.close()
            raise
        self._group = settings.fifo_message_group_id or settings.consumer_id if settings.fifo else ""
        self._opened = aws, entities, Consumer(entities, _terms(settings, metadata.name))

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened[0].close()

    async def ping(self) -> None:
        aws, _, _ = self._initialised()
        await aws.answers(SQS, "list_queues", MaxResults=1)

    async def publish(self, request: pubsub.PublishRequest) -> None:
        _, entities, _ = self._initialised()
        message = packed(request.data)
        if self._group:
            message["MessageGroupId"] = self._group
        try:
            await self._publish(request.topic, message)
        except NotFoundError:
            # The topic was deleted since it was found or made here.
            entities.forget_topic(request.topic)
            await self._publish(request.topic, message)

    async def subscribe(self, topic: pubsub.Topic, deliver: Delivery[pubsub.Message]) -> None:
        _, _, consumer = self._initialised()
        await consumer.deliver_to(topic.name, deliver)

    async def _publish(self, topic: str, message: Mapping[str, Any]) -> None:
        aws, entities, _ = self._initialised()
        arn = await entities.topic(topic)
        await aws.call(SNS, "publish", TopicArn=arn, **message)

    def _initialised(self) -> tuple[AWS, Entities, Consumer]:
        if self._opened is None:
            raise InitError("pubsub.aws.snssqs was not initialised: await init first")
        return self._opened


async def _entities(aws: AWS, settings: SNSSQSSettings) -> Entities:
    """Return what finds or makes topics and queues; AWS is asked whose they are, unless that is said."""
    entities = Entities(
        aws,
        Naming(partition=settings.partition, account=settings.account_id, fifo=settings.fifo),
        queue=settings.consumer_id,
        dead_letters=settings.sqs_dead_letters_queue_name,
        receive_limit=settings.message_receive_limit,
        managed=not settings.disable_entity_management,
        patience=settings.assets_management_timeout_seconds,
    )
    if len(settings.account_id) != _ACCOUNT:
        await entities.ask_account()
    return entities


def _terms(settings: SNSSQSSettings, component: str) -> Terms:
    return Terms(
        component=component,
        visibility=settings.message_visibility_timeout,
        wait=settings.message_wait_time_seconds,
        # A message behind one that fails would be received, and counted, each time that one is.
        most=1 if settings.fifo else settings.message_max_number,
        limit=0 if settings.sqs_dead_letters_queue_name else settings.message_retry_limit,
        keeps=settings.disable_delete_on_retry_limit,
        at_once=1 if settings.concurrency_mode == "single" else settings.concurrency_limit,
    )
