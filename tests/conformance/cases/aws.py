"""AWS, which moto stands in for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.backends.moto import Moto

from .case import BROKERS, Case, Suite, Surroundings
from .local import SECRETS

MESSAGE: Final = {"outputData": "conformance", "readBindingTimeout": "10s", "readBindingWait": "1s"}
UNORDERED: Final = {**BROKERS, "checkInOrderProcessing": False}
OBJECT: Final = {"output": {"key": "conformance"}, "outputData": '{"data": {"maxResults": 10}}'}


@asynccontextmanager
async def secrets(_folder: Path) -> AsyncIterator[Surroundings]:
    """The secrets that the suites ask for."""
    with Moto.running() as moto:
        async with moto.client("secretsmanager") as client:
            for name, value in SECRETS.items():
                await client.create_secret(Name=name, SecretString=value)
        yield Surroundings(properties=moto.properties)


@asynccontextmanager
async def bucket(_folder: Path) -> AsyncIterator[Surroundings]:
    """A bucket that is empty."""
    with Moto.running() as moto:
        async with moto.client("s3") as client:
            await client.create_bucket(Bucket="conformance")
        yield Surroundings(
            properties={**moto.properties, "bucket": "conformance", "forcePathStyle": "true"},
            operations={
                "create": {"data": "x", "metadata": {"key": "a"}},
                "list": {},
                "bulkCreate": {"data": '{"items": [{"key": "b", "data": "y"}]}'},
            },
        )


@asynccontextmanager
async def queue(_folder: Path) -> AsyncIterator[Surroundings]:
    """A queue that shows a message again after a second."""
    with Moto.running() as moto:
        async with moto.client("sqs") as client:
            await client.create_queue(QueueName="conformance", Attributes={"VisibilityTimeout": "1"})
        yield Surroundings(
            properties={**moto.properties, "queueName": "conformance"},
            operations={"create": {"data": "x"}},
        )


@asynccontextmanager
async def topics(_folder: Path) -> AsyncIterator[Surroundings]:
    """Nothing yet: topics and the queue are made when they are needed."""
    with Moto.running() as moto:
        yield Surroundings(
            properties={
                **moto.properties,
                "consumerID": "conformance",
                "messageVisibilityTimeout": "2",
                "messageWaitTimeSeconds": "1",
            },
            settle_seconds=10.0,  # it is several requests, and moto may be busy
        )


CASES: Final = (
    Case(type="pubsub.aws.snssqs", around=topics, suites={"": Suite(config=UNORDERED)}),
    Case(
        type="bindings.aws.sqs",
        around=queue,
        suites={"": Suite(operations=("operations", "create", "read"), config=MESSAGE)},
    ),
    Case(type="secretstores.aws.secretmanager", around=secrets, suites={"": Suite()}),
    Case(
        type="bindings.aws.s3",
        around=bucket,
        suites={
            "": Suite(operations=("operations", "create", "get", "list"), config=OBJECT),
            # With get, deleting would be asked for what is gone, without error.
            "deleting": Suite(operations=("operations", "create", "delete"), config=OBJECT),
        },
    ),
)
