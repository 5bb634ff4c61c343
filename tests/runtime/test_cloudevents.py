from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pluggable.metadata import NO_METADATA
from pluggable.runtime.cloudevents import expired, from_event, incoming, new_event

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02"
KEYS = {
    *("id", "specversion", "datacontenttype", "source", "type", "topic", "pubsubname"),
    *("traceid", "traceparent", "tracestate", "time"),
}


def envelope(
    data: bytes = b"{}",
    content_type: str = "application/json",
    metadata: Mapping[str, str] = NO_METADATA,
    expiration: str = "",
) -> bytes:
    return new_event(
        data=data,
        content_type=content_type,
        topic="orders",
        pubsub="events",
        source="shop",
        metadata=metadata,
        trace_parent=TRACE,
        trace_state="a=b",
        expiration=expiration,
    )


def event(
    data: bytes = b"{}", content_type: str = "application/json", metadata: Mapping[str, str] = NO_METADATA
) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(envelope(data, content_type, metadata))
    return parsed


def addressed(data: bytes, trace_parent: str = TRACE) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(
        from_event(data, topic="orders", pubsub="events", trace_parent=trace_parent)
    )
    return parsed


def received(data: bytes, raw: bool = False, **metadata: str) -> dict[str, Any]:
    found = incoming(data, topic="orders", pubsub="events", metadata=metadata, raw=raw)
    return dict(found.event)


def test_envelope_has_daprs_keys() -> None:
    found = event()

    assert found.keys() == KEYS | {"data"}
    assert found["traceid"] == found["traceparent"] == TRACE
    assert (found["source"], found["type"], found["specversion"]) == ("shop", "com.dapr.event.sent", "1.0")


def test_keys_are_sorted() -> None:
    found = list(event())

    assert found == sorted(found)


def test_time_has_seconds_and_offset() -> None:
    assert datetime.fromisoformat(event()["time"]).tzinfo is not None
    assert "." not in event()["time"]


@pytest.mark.parametrize(
    "spelled", ["12345678901234567890123", "1.10", "1e400", "[1,  2]", "null", '"a"', "1" * 5000, "{ }"]
)
def test_json_keeps_its_spelling(spelled: str) -> None:
    assert f'"data":{spelled},'.encode() in envelope(spelled.encode())


def test_markup_is_escaped_as_go_does() -> None:
    body = envelope('{"a":"<b>&\u2028"}'.encode())

    assert rb'"data":{"a":"\u003cb\u003e\u0026\u2028"}' in body


@pytest.mark.parametrize("broken", [b'{"a":', b"", b"NaN", b"[Infinity]", b"{'a':1}", b"1 2"])
def test_broken_json_becomes_a_string(broken: bytes) -> None:
    assert event(broken)["data"] == broken.decode()


def test_content_type_defaults_to_text() -> None:
    found = event(b'{"a":1}', "")

    assert (found["datacontenttype"], found["data"]) == ("text/plain", '{"a":1}')


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_is_known_by_its_media_type(content_type: str) -> None:
    assert event(b'{"a":1}', content_type)["data"] == {"a": 1}


@pytest.mark.parametrize("content_type", ["application/octet-stream", "application/cloudevents+protobuf"])
def test_binary_data_is_base64(content_type: str) -> None:
    found = event(b"\x00\xff", content_type)

    assert base64.b64decode(found["data_base64"]) == b"\x00\xff"
    assert "data" not in found


def test_protobuf_is_binary_only_as_cloudevent() -> None:
    message = b"\x0a\x01i\x12\x01s\x1a\x031.0\x22\x01t"

    assert "data_base64" in event(message, "application/x-protobuf")
    assert event(b"\x0a\x01i", "application/x-protobuf")["data"] == "\n\x01i"


def test_endless_number_is_no_cloudevent() -> None:
    assert "data" in event(b"\xff" * 250_000, "application/x-protobuf")


def test_metadata_overrides_attributes() -> None:
    given = {
        "cloudevent.Id": "1",
        "CloudEvent.type": "t",
        "cloudevent.source": "s",
        "cloudevent.subject": "x",
    }
    found = event(metadata=given)

    assert (found["id"], found["type"], found["source"], found["subject"]) == ("1", "t", "s", "x")


def test_traceparent_wins_over_traceid() -> None:
    found = event(metadata={"cloudevent.traceid": "one", "cloudevent.traceparent": "two"})

    assert (found["traceid"], found["traceparent"]) == ("two", "two")


def test_expiration_is_written_if_given() -> None:
    assert json.loads(envelope(expiration="2030-01-01T00:00:00Z"))["expiration"] == "2030-01-01T00:00:00Z"


def test_own_event_is_readdressed() -> None:
    found = addressed(b'{"id":"7","topic":"else","data":{"n":12345678901234567890123},"type":"mine"}')

    assert (found["topic"], found["pubsubname"], found["id"], found["type"]) == (
        "orders",
        "events",
        "7",
        "mine",
    )
    assert found["data"] == {"n": 12345678901234567890123}


def test_own_event_is_filled_up() -> None:
    found = addressed(b' { "id" : "7" , "source" : null } ')

    assert found.keys() == KEYS - {"datacontenttype"}
    assert (found["source"], found["traceparent"]) == ("Dapr", TRACE)


def test_own_trace_is_kept() -> None:
    assert addressed(b'{"traceid":7}')["traceid"] == 7


def test_own_event_keeps_its_numbers() -> None:
    body = from_event(b'{"data":[1.10, 1e400]}', topic="t", pubsub="p")

    assert b'"data":[1.10, 1e400],' in body


@pytest.mark.parametrize("broken", [b"", b"[]", b'"a"', b'{"a":1', b"{}{}", b"[" * 100_000])
def test_what_is_no_event_is_refused(broken: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_event(broken, topic="t", pubsub="p")
    with pytest.raises(ValueError, match=r"."):
        received(broken)


def test_received_body_is_untouched() -> None:
    body = envelope(b'{"a": 1}')
    found = incoming(body, topic="orders", pubsub="events", metadata=NO_METADATA)

    assert found.body is body
    assert found.event["data"] == {"a": 1}
    assert (found.trace_parent, found.trace_state) == (TRACE, "a=b")


def test_trace_falls_back_to_metadata() -> None:
    assert received(b'{"id":"1"}', traceparent=TRACE)["traceid"] == TRACE
    assert received(b'{"traceparent":"own"}', traceparent=TRACE)["traceparent"] == "own"


def test_trace_that_is_no_text_is_ignored() -> None:
    found = incoming(b'{"traceparent":7}', topic="t", pubsub="p", metadata=NO_METADATA)

    assert found.trace_parent == ""


def test_raw_payload_is_wrapped() -> None:
    found = received(b"\xff", raw=True)

    assert base64.b64decode(found["data_base64"]) == b"\xff"
    assert (found["datacontenttype"], found["source"]) == ("application/octet-stream", "Dapr")
    assert not found.keys() & {"traceid", "traceparent", "tracestate"}


def test_binary_message_has_attributes_in_metadata() -> None:
    metadata = {"content-type": "application/octet-stream", "CE_id": "9", "ce_type": "t", "other": "x"}
    found = incoming(b"\x01", topic="t", pubsub="p", metadata=metadata)

    assert (found.event["id"], found.event["type"], "other" in found.event) == ("9", "t", False)
    assert json.loads(found.body) == found.event


def test_huge_numbers_are_received() -> None:
    assert received(b'{"data":' + b"1" * 5000 + b"}")["data"]


@pytest.mark.parametrize(("seconds", "over"), [(-5, True), (60, False)])
def test_expiration_is_compared_with_now(seconds: int, over: bool) -> None:
    when = (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")

    assert expired({"expiration": when}) is over


@pytest.mark.parametrize("said", [None, "", 7, "soon", "2001-01-01T00:00:00"])
def test_unreadable_expiration_never_comes(said: object) -> None:
    assert not expired({"expiration": said})
