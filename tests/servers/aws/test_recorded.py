"""Ours do with moto what daprd did, which is recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from pluggable.bindings import InvokeRequest
from pluggable.errors import ComponentError
from pluggable.pubsub import PublishRequest
from pluggable.secretstores import GetRequest
from pluggable_servers.aws.s3 import S3Binding
from pluggable_servers.aws.secretmanager import SecretManagerStore
from pluggable_servers.aws.snssqs import SNSSQSPubSub
from pluggable_servers.aws.sqs import SQSBinding
from tests.backends.moto import Moto
from tests.servers.aws import recorded
from tests.servers.aws.broker import received
from tests.servers.aws.opening import opened
from tests.servers.running import Inbox, subscribed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("aws")]

WANTED: dict[str, Any] = json.loads(recorded.FILE.read_text())


@pytest.fixture
def own_moto() -> Iterator[Moto]:
    """One with what the components expect, and nothing else."""
    with Moto.running() as moto:
        yield moto


@pytest.fixture
async def world(own_moto: Moto) -> Moto:
    await recorded.prepare(own_moto)
    return own_moto


async def invoked(binding: S3Binding, call: dict[str, Any]) -> str:
    """Return the answer to a call as the sidecar hands it on."""
    data = json.dumps(call["data"], separators=(",", ":")).encode() if "data" in call else b""
    try:
        answer = await binding.invoke(
            InvokeRequest(operation=call["operation"], data=data, metadata=call["metadata"])
        )
    except ComponentError as error:
        return f"error: {error}"
    return recorded.told((answer.data or b"").decode())


async def test_bucket_answers_alike(world: Moto) -> None:
    async with opened(S3Binding, recorded.properties(world)["s3"]) as binding:
        found = [await invoked(binding, {"metadata": {}, **call}) for call in recorded.CALLS]

    wanted = WANTED["s3"]
    # What goes beyond daprd's words is the key.
    assert [text.removesuffix(": none") for text in found] == wanted


async def test_secrets_are_the_same(world: Moto) -> None:
    given = recorded.properties(world)
    async with (
        opened(SecretManagerStore, given["sm"]) as plain,
        opened(SecretManagerStore, given["several"]) as several,
    ):
        for name, wanted in WANTED["secrets"].items():
            assert await plain.get(GetRequest(key=name)) == wanted
        for name, wanted in WANTED["several"].items():
            assert await several.get(GetRequest(key=name)) == wanted
        assert await plain.bulk_get() == WANTED["bulk"]


async def test_queue_has_the_same_messages(world: Moto) -> None:
    async with opened(SQSBinding, recorded.properties(world)["queue"]) as binding, world.client("sqs") as sqs:
        for data in (b'"x"', b'{"a":1}'):
            await binding.invoke(InvokeRequest(operation="create", data=data))
        assert [each["Body"] for each in await received(sqs, recorded.QUEUE)] == WANTED["queue"]


async def test_entities_and_envelopes_are_the_same(world: Moto) -> None:
    given = recorded.properties(world)
    async with AsyncExitStack() as stack:
        brokers = {
            name: await stack.enter_async_context(opened(SNSSQSPubSub, given[name], name))
            for name in recorded.TOPICS
        }
        for name, topic in recorded.TOPICS.items():
            async with subscribed(brokers[name], topic, Inbox()):
                pass
        assert await recorded.entities(world) == WANTED["entities"]

        for name, topic in recorded.TOPICS.items():
            data = recorded.DATA.encode()
            await brokers[name].publish(PublishRequest(topic=topic, data=data, pubsub_name=name))
        assert await recorded.envelopes(world) == WANTED["envelopes"]


async def test_messages_of_daprd_are_understood(world: Moto) -> None:
    given = recorded.properties(world)["plain"]
    inbox = Inbox()
    async with opened(SNSSQSPubSub, given) as events, subscribed(events, "my.topic", inbox):
        async with world.client("sqs") as sqs:
            url = (await sqs.get_queue_url(QueueName="appplain"))["QueueUrl"]
            ((envelope, _),) = WANTED["envelopes"]["appplain"]
            await sqs.send_message(QueueUrl=url, MessageBody=json.dumps(envelope))
        assert await inbox.data(1) == [recorded.DATA.encode()]
