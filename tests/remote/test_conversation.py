"""A language model, here and over a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from pluggable import Conversation, InvalidRequestError
from pluggable._proto.pluggable.components.v1alpha1 import conversation_pb2 as pb
from pluggable._wire import conversation as wire, names
from pluggable.conversation import (
    Choice,
    ConverseRequest,
    ConverseResponse,
    Message,
    Output,
    Role,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    Usage,
)
from pluggable.metadata import Metadata
from pluggable.remote import Connection, RemoteConversation
from pluggable.testing import connected
from tests.conformance.honest import Echo
from tests.remote.speaking import Life, Process

HELLO = Message(role=Role.USER, parts=[Text("hello world")])


@pytest.fixture(params=["here", "over a socket"])
async def model(request: pytest.FixtureRequest) -> AsyncIterator[Conversation]:
    if request.param == "here":
        yield Echo()
        return
    async with connected(Echo) as far_end:
        yield far_end


async def test_message_is_answered(model: Conversation) -> None:
    response = await model.converse(ConverseRequest(messages=[HELLO], context_id="7"))
    usage = Usage(prompt_tokens=2, completion_tokens=2, total_tokens=4)

    assert response.context_id == "7"
    assert response.outputs == [Output(choices=[Choice(content="hello world")], model="echo", usage=usage)]


async def test_offered_tool_is_called(model: Conversation) -> None:
    tool = Tool(name="get_weather", parameters={"city": {"type": "string"}})
    response = await model.converse(ConverseRequest(messages=[HELLO], tools=[tool]))
    choice = response.outputs[0].choices[0]

    assert choice.finish_reason == "tool_calls"
    assert list(choice.tool_calls) == [ToolCall(id="0", name="get_weather", arguments='{"city": ""}')]


async def test_result_of_a_call_reaches_the_model(model: Conversation) -> None:
    call = ToolCall(id="0", name="get_weather")
    result = ToolResult(call_id="0", name="get_weather", content="rain")
    messages = [
        HELLO,
        Message(role=Role.ASSISTANT, parts=[call]),
        Message(role=Role.TOOL, parts=[result]),
    ]
    response = await model.converse(ConverseRequest(messages=messages))

    assert response.outputs[0].choices[0].content == "hello world\nrain"


async def test_all_that_is_asked_arrives(process: Process, life: Life, connection: Connection) -> None:
    asked: list[ConverseRequest] = []

    def converse(data: bytes) -> pb.ConverseResponse:
        asked.append(wire.converse_request(pb.ConverseRequest.FromString(data)))
        raise InvalidRequestError("the prompt makes no sense")

    life.services = (names.CONVERSATION,)
    life.on(names.CONVERSATION, "Converse", converse)
    await process.live(life)
    model = RemoteConversation(connection)
    await model.init(Metadata())
    request = ConverseRequest(
        messages=[HELLO],
        tool_choice="required",
        temperature=0.7,
        response_format={"type": "object", "minProperties": 1},
        max_tokens=100,
        prompt_cache_seconds=3600.0,
        parameters={"top_k": 3},
        metadata={"a": "b"},
    )

    with pytest.raises(InvalidRequestError, match=r"^the prompt makes no sense$"):
        await model.converse(request)
    assert asked == [request]


async def test_model_may_say_nothing(process: Process, life: Life, connection: Connection) -> None:
    life.services = (names.CONVERSATION,)
    life.on(names.CONVERSATION, "Converse", pb.ConverseResponse())
    await process.live(life)
    model = RemoteConversation(connection)
    await model.init(Metadata())

    assert await model.converse(ConverseRequest(messages=[HELLO])) == ConverseResponse(outputs=[])
