"""Topics of SNS, queues of SQS and what connects them: made as daprd makes them, or found."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from typing import Any, Final

from pluggable.errors import NotFoundError, TimedOutError

from .client import AWS
from .queue import SERVICE as SQS, Queue

SNS: Final = "sns"
STS: Final = "sts"
_FIFO: Final = ".fifo"
#: The longest name of a queue; topics might have longer ones, daprd's have not.
_LONGEST: Final = 80
_ALLOWED: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
#: The partition of a region by what the region begins with.
_PARTITIONS: Final = {
    "cn-": "aws-cn",
    "eusc-": "aws-eusc",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "us-gov-": "aws-us-gov",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """What names and ARNs are made with."""

    partition: str
    account: str
    fifo: bool

    def name(self, text: str) -> str:
        """Return a text as the name of a topic or a queue: what AWS does not allow in one is left out."""
        if not self.fifo:
            return "".join(sign for sign in text if sign in _ALLOWED)[:_LONGEST]
        kept = "".join(sign for sign in text.removesuffix(_FIFO) if sign in _ALLOWED)
        return kept[: _LONGEST - len(_FIFO)] + _FIFO

    def topic_arn(self, name: str, region: str) -> str:
        """Return the ARN of a topic that nobody here made."""
        partition = self.partition or next(
            (found for start, found in _PARTITIONS.items() if region.startswith(start)), "aws"
        )
        return f"arn:{partition}:sns:{region}:{self.account}:{name}"

    def attributes(self, kind: str) -> dict[str, str]:
        """Return what a topic or a queue is made with."""
        return {f"Fifo{kind}": "true", "ContentBasedDeduplication": "true"} if self.fifo else {}


class Entities:
    """Those of one component; each is asked for once, until it is forgotten."""

    def __init__(
        self,
        aws: AWS,
        naming: Naming,
        *,
        queue: str,
        dead_letters: str,
        receive_limit: int,
        managed: bool,
        patience: float,
    ) -> None:
        self.naming = naming
        self._aws = aws
        self._names = queue, dead_letters
        self._receive_limit = receive_limit
        self._managed = managed
        self._patience = patience
        self._topics: dict[str, str] = {}
        self._queue: Queue | None = None
        self._connected: set[str] = set()
        #: The policy of a queue is read, added to and written.
        self._connecting = asyncio.Lock()

    async def ask_account(self) -> None:
        """Ask AWS whose credentials these are."""
        account = (await self._call(STS, "get_caller_identity"))["Account"]
        self.naming = replace(self.naming, account=account)

    async def topic(self, topic: str) -> str:
        """Return the ARN of a topic."""
        name = self.naming.name(topic)
        if (arn := self._topics.get(name)) is None:
            arn = self._topics[name] = await (
                self._made_topic(name) if self._managed else self._found_topic(name)
            )
        return arn

    async def queue(self, topic: str) -> Queue:
        """Return the queue, which has the messages of this topic from now on."""
        async with self._connecting:
            arn = await self.topic(topic)
            if self._queue is None:
                self._queue = await self._ready_queue()
            if arn not in self._connected:
                await self._connect(self._queue, arn)
                self._connected.add(arn)
            return self._queue

    def forget_topic(self, topic: str) -> None:
        """Ask for a topic again next time: it is gone."""
        arn = self._topics.pop(self.naming.name(topic), "")
        self._connected.discard(arn)

    def forget(self) -> None:
        """Ask for everything again next time: the queue is gone."""
        self._topics.clear()
        self._connected.clear()
        self._queue = None

    async def _made_topic(self, name: str) -> str:
        arn: str = (
            await self._call(
                SNS,
                "create_topic",
                Name=name,
                Tags=[{"Key": "dapr-topic-name", "Value": name}],
                Attributes=self.naming.attributes("Topic"),
            )
        )["TopicArn"]
        return arn

    async def _found_topic(self, name: str) -> str:
        arn = self.naming.topic_arn(name, self._aws.region)
        found: str = (await self._call(SNS, "get_topic_attributes", TopicArn=arn))["Attributes"]["TopicArn"]
        return found

    async def _ready_queue(self) -> Queue:
        """Return the queue, with its dead letters' if there are to be any."""
        name, dead_letters = self._names
        queue = await self._one_queue(name)
        if dead_letters and self._managed:
            dead = await self._one_queue(dead_letters)
            policy = {"deadLetterTargetArn": dead.arn, "maxReceiveCount": str(self._receive_limit)}
            await self._set(queue, "RedrivePolicy", policy)
        return queue

    async def _one_queue(self, text: str) -> Queue:
        name = self.naming.name(text)
        if self._managed:
            answer = await self._call(
                SQS,
                "create_queue",
                QueueName=name,
                Attributes=self.naming.attributes("Queue"),
                tags={"dapr-queue-name": name},
            )
        else:
            owner = self.naming.account
            answer = await self._call(SQS, "get_queue_url", QueueName=name, QueueOwnerAWSAccountId=owner)
        url = answer["QueueUrl"]
        return Queue(self._aws, url, (await self._attributes(url, "QueueArn"))["QueueArn"])

    async def _connect(self, queue: Queue, topic_arn: str) -> None:
        """See to it that a topic's messages come to the queue."""
        if self._managed:
            await self._admit(queue, topic_arn)
            await self._call(SNS, "subscribe", TopicArn=topic_arn, Protocol="sqs", Endpoint=queue.arn)
            return
        page: dict[str, str] = {}
        while True:
            answer = await self._call(SNS, "list_subscriptions_by_topic", TopicArn=topic_arn, **page)
            if any(each["Endpoint"] == queue.arn for each in answer["Subscriptions"]):
                return
            if not (token := answer.get("NextToken")):
                raise NotFoundError(
                    f"aws sns: queue {queue.arn} is not subscribed to topic {topic_arn}; "
                    "subscribe it, or leave disableEntityManagement out"
                )
            page = {"NextToken": token}

    async def _admit(self, queue: Queue, topic_arn: str) -> None:
        """Let a topic send to the queue; what its policy says already stays."""
        text = (await self._attributes(queue.url, "Policy")).get("Policy")
        policy: dict[str, Any] = json.loads(text) if text else {"Version": "2012-10-17"}
        stated = policy.get("Statement") or []
        statements = stated if isinstance(stated, list) else [stated]
        if any(_admits(each, queue.arn, topic_arn) for each in statements):
            return
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue.arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
        }
        await self._set(queue, "Policy", {**policy, "Statement": [*statements, statement]})

    async def _attributes(self, url: str, name: str) -> dict[str, str]:
        answer = await self._call(SQS, "get_queue_attributes", QueueUrl=url, AttributeNames=[name])
        found: dict[str, str] = answer.get("Attributes", {})
        return found

    async def _set(self, queue: Queue, name: str, value: Any) -> None:
        text = json.dumps(value, separators=(",", ":"))
        await self._call(SQS, "set_queue_attributes", QueueUrl=queue.url, Attributes={name: text})

    async def _call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        try:
            async with asyncio.timeout(self._patience):
                return await self._aws.call(service, operation, **parameters)
        except TimeoutError as error:
            raise TimedOutError(
                f"{self._aws.where(service)}: {operation}: no answer within {self._patience:g} s "
                "(assetsManagementTimeoutSeconds)"
            ) from error


def _admits(statement: dict[str, Any], queue_arn: str, topic_arn: str) -> bool:
    source = statement.get("Condition", {}).get("ArnEquals", {}).get("aws:SourceArn")
    return statement.get("Resource") == queue_arn and source == topic_arn
