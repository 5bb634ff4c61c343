"""What publishing refuses over gRPC alone, or with more than the table of both protocols tells."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from pluggable._proto.dapr.proto.runtime.v1 import pubsub_pb2 as pb
from pluggable.transport import Code
from tests.runtime.api.conftest import Sidecar
from tests.runtime.api.test_errors import details, failed

EVENT = "application/cloudevents+json"
UNMARSHALLED = "error marshaling events to bytes for topic t pubsub broker."


def entry(entry_id: str = "1", event: bytes = b"x", content_type: str = "") -> pb.BulkPublishRequestEntry:
    return pb.BulkPublishRequestEntry(entry_id=entry_id, event=event, content_type=content_type)


@pytest.mark.parametrize(
    ("request_", "message", "reason", "facts"),
    [
        (
            pb.PublishEventRequest(topic="t", metadata={"k": "v"}),
            "pubsub name is empty",
            "DAPR_PUBSUB_NAME_EMPTY",
            {"k": "v"},
        ),
        (
            pb.PublishEventRequest(pubsub_name="broker", metadata={"k": "v"}),
            "topic is empty in pubsub broker",
            "DAPR_PUBSUB_TOPIC_NAME_EMPTY",
            {"k": "v"},
        ),
        (
            pb.PublishEventRequest(pubsub_name="broker", topic="t", data=b"{", data_content_type=EVENT),
            "cannot create cloudevent",
            "DAPR_PUBSUB_CLOUD_EVENT_CREATION",
            {"appID": "app"},
        ),
        (
            pb.BulkPublishRequest(topic="t", entries=[entry()]),
            "pubsub name is empty",
            "DAPR_PUBSUB_NAME_EMPTY",
            {},
        ),
        (
            pb.BulkPublishRequest(pubsub_name="broker", entries=[entry()]),
            "topic is empty in pubsub broker",
            "DAPR_PUBSUB_TOPIC_NAME_EMPTY",
            {},
        ),
        (
            pb.BulkPublishRequest(pubsub_name="broker", topic="t", entries=[entry("1"), entry("1")]),
            f"{UNMARSHALLED} error: entryId is duplicated or not present for entry",
            "DAPR_PUBSUB_MARSHAL_EVENTS",
            {"appID": "app"},
        ),
        (
            pb.BulkPublishRequest(pubsub_name="broker", topic="t", entries=[entry("1", b"{", EVENT)]),
            "cannot create cloudevent",
            "DAPR_PUBSUB_CLOUD_EVENT_CREATION",
            {"appID": "app"},
        ),
    ],
    ids=["name", "topic", "event", "bulk name", "bulk topic", "bulk ids", "bulk event"],
)
async def test_refusal_carries_its_reason_and_facts(
    sidecar: Sidecar, request_: Any, message: str, reason: str, facts: dict[str, str]
) -> None:
    bulk = isinstance(request_, pb.BulkPublishRequest)
    for method in ("BulkPublishEvent", "BulkPublishEventAlpha1") if bulk else ("PublishEvent",):
        status = await failed(sidecar, method, request_)

        assert (status.code, status.message) == (Code.INVALID_ARGUMENT, message)
        told = details(status)
        assert told["ErrorInfo"].reason == reason
        assert facts.items() <= dict(told["ErrorInfo"].metadata).items()
        assert told["ResourceInfo"].resource_type == "pubsub"


async def test_text_that_is_no_utf8_is_published_with_its_faults_marked(sidecar: Sidecar) -> None:
    answer = await sidecar.call("POST", "/v1.0/publish/broker/t", b"a\xff")

    assert answer.status == 204
    (request,) = sidecar.components.broker.published
    assert json.loads(request.data)["data"] == "a\ufffd"


async def test_binary_data_is_published_as_it_is(sidecar: Sidecar) -> None:
    headers = {"Content-Type": "application/octet-stream"}
    answer = await sidecar.call("POST", "/v1.0/publish/broker/t", b"a\xff", headers)

    assert answer.status == 204
    (request,) = sidecar.components.broker.published
    assert base64.b64decode(json.loads(request.data)["data_base64"]) == b"a\xff"
