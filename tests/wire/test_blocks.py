"""Brokers, bindings and secret stores on the wire."""

from __future__ import annotations

import pytest

from pluggable._proto.dapr.proto.components.v1 import bindings_pb2, common_pb2, pubsub_pb2
from pluggable._wire import bindings, common, pubsub, secretstores
from pluggable.bindings import Event, InvokeRequest, InvokeResponse
from pluggable.delivery import Accepted, Rejected
from pluggable.metadata import Metadata
from pluggable.pubsub import BulkEntry, BulkPublishRequest, FailedEntry, Message, PublishRequest, Topic
from pluggable.secretstores import GetRequest

METADATA = Metadata({"redisHost": "h", "empty": ""}, "events")


def test_every_init_comes_back() -> None:
    assert pubsub.init_request(pubsub.init_request_pb(METADATA), "events") == METADATA
    assert secretstores.init_request(secretstores.init_request_pb(METADATA), "events") == METADATA
    assert bindings.input_init_request(bindings.input_init_request_pb(METADATA), "events") == METADATA
    assert bindings.output_init_request(bindings.output_init_request_pb(METADATA), "events") == METADATA


def test_features_keep_their_order() -> None:
    features = ("TTL", "ETAG", "MY_OWN")

    assert common.features_response(common.features_response_pb(features)) == features


def test_questions_without_content_are_empty() -> None:
    assert common.features_request_pb() == common_pb2.FeaturesRequest()
    assert common.ping_request_pb() == common_pb2.PingRequest()
    assert common.ping_response_pb() == common_pb2.PingResponse()


@pytest.mark.parametrize(
    "request_",
    [
        PublishRequest(topic="t", data=b""),
        PublishRequest(
            topic="t", data=b"\xff\x00", pubsub_name="p", content_type="text/plain", metadata={"a": "b"}
        ),
    ],
)
def test_publish_comes_back(request_: PublishRequest) -> None:
    assert pubsub.publish_request(pubsub.publish_request_pb(request_)) == request_


def test_bulk_publish_comes_back() -> None:
    request = BulkPublishRequest(
        topic="t",
        entries=[
            BulkEntry(entry_id="1", data=b"\x00", content_type="text/plain", metadata={"a": "b"}),
            BulkEntry(entry_id="2", data=b""),
        ],
        pubsub_name="p",
        metadata={"maxBulkPubBytes": "1"},
    )
    failed = [FailedEntry(entry_id="2", error="too late")]

    assert pubsub.bulk_publish_request(pubsub.bulk_publish_request_pb(request)) == request
    assert pubsub.bulk_publish_response(pubsub.bulk_publish_response_pb(failed)) == failed


@pytest.mark.parametrize(
    "said",
    [
        Topic(name="t", metadata={"rawPayload": "true"}),
        Topic(name=""),
        pubsub.Ack("1", Accepted()),
        pubsub.Ack("", Accepted()),
        pubsub.Ack("1", Rejected("no")),
        pubsub.Ack("1", Rejected("")),
    ],
)
def test_what_the_sidecar_says_comes_back(said: Topic | pubsub.Ack) -> None:
    message = pubsub_pb2.PullMessagesRequest.FromString(pubsub.pull_request_pb(said).SerializeToString())

    assert pubsub.pull_request(message) == said


@pytest.mark.parametrize(
    "message",
    [
        Message(data=b"\xff", topic="t", metadata={"a": "b"}, content_type="application/octet-stream"),
        Message(data=b"", topic=""),
    ],
)
def test_message_comes_back(message: Message) -> None:
    assert pubsub.pull_response(pubsub.pull_response_pb("7", message)) == ("7", message)


def test_calls_of_bindings_come_back() -> None:
    request = InvokeRequest(operation="create", data=b"\xff", metadata={"a": "b"})

    assert bindings.invoke_request(bindings.invoke_request_pb(request)) == request
    assert bindings.operations_response(bindings.operations_response_pb(("create", "get"))) == (
        "create",
        "get",
    )


@pytest.mark.parametrize(
    "response",
    [InvokeResponse(), InvokeResponse(data=b"\xff", metadata={"a": "b"}, content_type="text/plain")],
)
def test_what_a_call_gave_comes_back(response: InvokeResponse) -> None:
    assert bindings.invoke_response(bindings.invoke_response_pb(response)) == response


@pytest.mark.parametrize(
    "answer",
    [
        bindings.Answer("1", Accepted()),
        bindings.Answer("1", Accepted(b"\xff")),
        bindings.Answer("1", Rejected("no")),
        bindings.Answer("", Rejected("")),
    ],
)
def test_answer_to_an_event_comes_back(answer: bindings.Answer) -> None:
    message = bindings_pb2.ReadRequest.FromString(bindings.read_request_pb(answer).SerializeToString())

    assert bindings.read_request(message) == answer


def test_event_comes_back() -> None:
    event = Event(data=b"\xff", metadata={"a": "b"}, content_type="text/plain")

    assert bindings.read_response(bindings.read_response_pb("7", event)) == ("7", event)
    assert bindings.read_response(bindings.read_response_pb("", Event())) == ("", Event())


def test_secrets_come_back() -> None:
    request = GetRequest(key="k", metadata={"namespace": "n"})
    secrets = {"a": {"a": "1"}, "b": {"x": "", "y": "2"}, "c": {}}

    assert secretstores.get_request(secretstores.get_request_pb(request)) == request
    assert secretstores.get_response(secretstores.get_response_pb({"a": ""})) == {"a": ""}
    assert secretstores.bulk_get_request(secretstores.bulk_get_request_pb({"a": "b"})) == {"a": "b"}
    assert secretstores.bulk_get_response(secretstores.bulk_get_response_pb(secrets)) == secrets
