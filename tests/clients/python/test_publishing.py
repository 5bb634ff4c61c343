"""Publishing, by Dapr's Python client; what comes of it is read off a stream."""

from __future__ import annotations

from tests.clients.python.speaking import Client, refused


async def test_unknown_broker_is_an_error(dapr: Client) -> None:
    with refused("INVALID_ARGUMENT", "pubsub none is not found"):
        await dapr.call("publish_event", "none", "topic", "data")


async def test_broker_takes_texts_bytes_and_json(dapr: Client) -> None:
    await dapr.call("publish_event", "events", "nobody", "text")
    await dapr.call(
        "publish_event", "events", "nobody", b"\xff", data_content_type="application/octet-stream"
    )
    await dapr.call("publish_event", "events", "nobody", '{"n": 1}', data_content_type="application/json")
    await dapr.call("publish_event", "events", "nobody", b"raw", publish_metadata={"rawPayload": "true"})


async def test_broker_takes_many_at_once(dapr: Client) -> None:
    from dapr.clients import BulkPublishEntry

    entries = [
        "text",
        b"\xff",
        BulkPublishEntry(entry_id="own", event=b"{}", content_type="application/json"),
    ]
    answer = await dapr.call("publish_events", "events", "nobody", entries)

    assert answer.failed_entries == []
