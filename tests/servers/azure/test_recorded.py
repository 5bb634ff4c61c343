"""
What we send is what daprd sends, by messages recorded from one.

Recorded from daprd 1.18.3: ``create`` of bindings.azure.servicebusqueues with the data "x" and the metadata
below, to the double, in whose journal the encoded messages stand.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pytest
from azure.servicebus._pyamqp._encode import encode_payload
from azure.servicebus._transport._pyamqp_transport import PyamqpTransport

from pluggable_servers.azure.messages import message_of

pytestmark = pytest.mark.slow  # Proton is among what the slow tests want

FULL = {
    "own": "o",
    "id": "m",
    "ttl": "60",
    "Label": "l",
    "CorrelationId": "c",
    "ContentType": "text/plain",
    "ReplyTo": "r",
    "To": "t",
}
PLAIN_MESSAGE = (
    "AFNy0QAAAAQAAAAAAFNzRQBTdNEAAABKAAAAAqELdHJhY2VwYXJlbnShNzAwLTAwMDAwMDAwMDAwMDAwMDAwMDAwMD"
    "AwMDAwMDAwMDAwLTAwMDAwMDAwMDAwMDAwMDAtMDAAU3WgAyJ4Ig=="
)
FULL_MESSAGE = (
    "AFNw0AAAAAwAAAADQFAAcAAA6mAAU3LRAAAABAAAAAAAU3PQAAAAIAAAAAehAW1AoQF0oQFsoQFyoQFjowp0ZXh0L3"
    "BsYWluAFN00QAAAFIAAAAEoQNvd26hAW+hC3RyYWNlcGFyZW50oTcwMC0wMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw"
    "MDAwMDAwMC0wMDAwMDAwMDAwMDAwMDAwLTAwAFN1oAMieCI="
)


@pytest.mark.parametrize(
    ("metadata", "recorded"), [({}, PLAIN_MESSAGE), (FULL, FULL_MESSAGE)], ids=["plain", "full"]
)
def test_message_is_that_of_daprd(metadata: Mapping[str, str], recorded: str) -> None:
    ours: Any = message_of(b'"x"', metadata)
    sent = PyamqpTransport.to_outgoing_amqp_message(ours.raw_amqp_message)
    encoded = bytes(encode_payload(bytearray(), sent))

    assert seen(encoded) == seen(base64.b64decode(recorded))


def seen(encoded: bytes) -> dict[str, object]:
    proton: Any = pytest.importorskip("proton", reason="python-qpid-proton is not installed: make .venv/.dev")
    message = proton.Message()
    message.decode(encoded)
    own: Any = message.properties or {}
    body: Any = message.body
    names = ("id", "subject", "correlation_id", "content_type", "reply_to", "address", "ttl", "durable")
    return {
        "body": bytes(body),
        "own": {name: value for name, value in own.items() if not name.startswith("trace")},
        **{name: getattr(message, name) for name in names},
    }
