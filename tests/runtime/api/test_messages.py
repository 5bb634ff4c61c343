"""Messages in JSON, of every size: what is huge is read and written by another process."""

from __future__ import annotations

import json

import pytest

from pluggable._proto.dapr.proto.runtime.v1 import ai_pb2 as pb
from pluggable.runtime.apart import HUGE_BYTES, LARGE_BYTES
from pluggable.runtime.api.http import messages
from pluggable.runtime.errors import MalformedRequestError

SIZES = [10, LARGE_BYTES + 10, HUGE_BYTES + 10]


@pytest.mark.parametrize("size", SIZES)
async def test_message_is_read_and_written(size: int) -> None:
    body = {"contextID": "c", "inputs": [{"content": "a" * size}]}
    message = await messages.read(json.dumps({**body, "unknown": 1}).encode(), pb.ConversationRequest)
    answer = await messages.written(message)

    assert message.inputs[0].content == "a" * size
    assert json.loads(answer.body) == body


@pytest.mark.parametrize("size", SIZES)
async def test_body_that_is_no_message_is_refused(size: int) -> None:
    with pytest.raises(MalformedRequestError, match="failed deserializing HTTP body: "):
        await messages.read(b'{"inputs": ' + b" " * size, pb.ConversationRequest)
