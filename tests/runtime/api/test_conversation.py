"""Conversations over both APIs, with a model that repeats what it hears."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from pluggable import transport
from pluggable._proto.dapr.proto.runtime.v1 import ai_pb2 as pb
from pluggable._proto.google.protobuf import wrappers_pb2
from pluggable.conversation import Conversation, ConverseRequest, ConverseResponse, Message, Role, Text
from pluggable.errors import UnavailableError
from pluggable.transport import Channel, Code, StatusError
from pluggable_servers.conversation.echo import EchoConversation
from tests.runtime.api.conftest import Sidecar
from tests.runtime.blocks.inmemory import loaded

ALPHA1 = "/v1.0-alpha1/conversation/echo/converse"
ALPHA2 = "/v1.0-alpha2/conversation/echo/converse"


class Listening(EchoConversation):
    """Keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[ConverseRequest] = []

    async def converse(self, request: ConverseRequest) -> ConverseResponse:
        self.asked.append(request)
        return await super().converse(request)


class Gone(Conversation):
    """A model whose host does not answer."""

    async def converse(self, request: ConverseRequest) -> ConverseResponse:
        raise UnavailableError(f"nobody takes {len(request.messages)} messages")


@pytest.fixture
def echo(sidecar: Sidecar) -> Listening:
    made = Listening()
    catalog = sidecar.components.catalog
    catalog.conversation["echo"] = loaded("echo", "conversation.echo", made)
    catalog.conversation["gone"] = loaded("gone", "conversation.gone", Gone())
    return made


@pytest.fixture
async def channel(sidecar: Sidecar) -> AsyncIterator[Channel]:
    async with transport.channel(f"127.0.0.1:{sidecar.grpc_port}") as channel:
        yield channel


async def converse(channel: Channel, request: pb.ConversationRequestAlpha2) -> pb.ConversationResponseAlpha2:
    path = "/dapr.proto.runtime.v1.Dapr/ConverseAlpha2"
    answer = await channel.unary(path, request.SerializeToString(), timeout=5)
    return pb.ConversationResponseAlpha2.FromString(answer)


def user(*texts: str, scrub: bool = False) -> pb.ConversationInputAlpha2:
    content = [pb.ConversationMessageContent(text=text) for text in texts]
    message = pb.ConversationMessage(of_user=pb.ConversationMessageOfUser(content=content))
    return pb.ConversationInputAlpha2(messages=[message], scrub_pii=scrub)


def asking(*inputs: pb.ConversationInputAlpha2, name: str = "echo") -> pb.ConversationRequestAlpha2:
    return pb.ConversationRequestAlpha2(name=name, inputs=inputs)


@pytest.mark.usefixtures("echo")
async def test_texts_are_answered_with_one_text(sidecar: Sidecar) -> None:
    answer = await sidecar.call(
        "POST", ALPHA1, '{"contextID": "c", "inputs": [{"content": "hello"}, {"content": "world"}]}'
    )

    assert (answer.status, json.loads(answer.body)) == (
        200,
        {"contextID": "c", "outputs": [{"result": "hello\nworld"}]},
    )


async def test_role_of_a_text_is_told(sidecar: Sidecar, echo: Listening) -> None:
    roles = ["user", "human", "system", "assistant", "ai", "tool", "sidekick"]
    inputs = [{"content": "x", "role": role} for role in roles]
    await sidecar.call("POST", ALPHA1, json.dumps({"inputs": inputs}))

    assert [message.role for message in echo.asked[0].messages] == [
        Role.USER,
        Role.USER,
        Role.SYSTEM,
        Role.ASSISTANT,
        Role.ASSISTANT,
        Role.TOOL,
        Role.USER,
    ]


@pytest.mark.usefixtures("echo")
async def test_answer_says_what_it_took(sidecar: Sidecar) -> None:
    said = {"inputs": [{"messages": [{"ofUser": {"content": [{"text": "good morning"}]}}]}]}
    answer = await sidecar.call("POST", ALPHA2, json.dumps(said))

    choice = {"finishReason": "stop", "message": {"content": "good morning"}}
    usage = {"completionTokens": "2", "promptTokens": "2", "totalTokens": "4"}
    assert json.loads(answer.body) == {"outputs": [{"choices": [choice], "usage": usage}]}


async def test_everything_asked_reaches_the_model(channel: Channel, echo: Listening) -> None:
    request = asking(user("hi"))
    request.context_id, request.temperature, request.max_tokens = "c1", 0.5, 7
    request.metadata["model"] = "small"
    request.prompt_cache_retention.seconds = 90
    request.response_format.update({"type": "object", "maxProperties": 3})
    request.parameters["seed"].Pack(wrappers_pb2.Int64Value(value=12))
    answer = await converse(channel, request)

    assert answer.context_id == "c1"
    assert echo.asked == [
        ConverseRequest(
            messages=[Message(role=Role.USER, parts=[Text("hi")])],
            tools=[],
            temperature=0.5,
            response_format={"type": "object", "maxProperties": 3},
            context_id="c1",
            max_tokens=7,
            prompt_cache_seconds=90.0,
            parameters={"seed": 12},
            metadata={"model": "small"},
        )
    ]


@pytest.mark.usefixtures("echo")
async def test_offered_tool_is_called_and_its_result_taken(channel: Channel) -> None:
    request = asking(user("weather?"))
    function = pb.ConversationToolsFunction(name="weather", description="now")
    function.parameters.update({"type": "object", "properties": {"unit": {}, "city": {}}})
    request.tools.add(function=function)
    (choice,) = (await converse(channel, request)).outputs[0].choices
    result = pb.ConversationMessageOfTool(
        tool_id="0", name="weather", content=[pb.ConversationMessageContent(text="rain")]
    )
    after = asking(pb.ConversationInputAlpha2(messages=[pb.ConversationMessage(of_tool=result)]))
    told = (await converse(channel, after)).outputs[0].choices[0]

    assert choice.finish_reason == "tool_calls"
    assert [(call.id, call.function.name, call.function.arguments) for call in choice.message.tool_calls] == [
        ("0", "weather", "city,unit")
    ]
    assert told.message.content == "Tool Response for tool ID '0' with name 'weather': rain"


async def test_tools_may_be_called_unless_said_otherwise(channel: Channel, echo: Listening) -> None:
    for choice in ("", "none", "weather"):
        request = asking(user("weather?"))
        request.tools.add(function=pb.ConversationToolsFunction(name="weather"))
        request.tool_choice = choice
        await converse(channel, request)

    assert [asked.tool_choice for asked in echo.asked] == ["auto", "none", "weather"]


async def test_only_marked_inputs_are_scrubbed(channel: Channel, echo: Listening) -> None:
    await converse(channel, asking(user("a@b.example", scrub=True), user("c@d.example")))

    assert [message.text for message in echo.asked[0].messages] == ["<EMAIL_ADDRESS>", "c@d.example"]


async def test_answer_is_scrubbed_if_asked(channel: Channel, echo: Listening) -> None:
    request = asking(user("a@b.example"))
    request.scrub_pii = True
    answer = await converse(channel, request)

    assert answer.outputs[0].choices[0].message.content == "<EMAIL_ADDRESS>"
    assert echo.asked[0].messages[0].text == "a@b.example"


NOBODY: dict[str, Any] = {"messages": [{}]}
CALL: dict[str, Any] = {"messages": [{"ofAssistant": {"toolCalls": [{"id": "1"}]}}]}


@pytest.mark.parametrize(
    ("inputs", "further", "code", "message"),
    [
        ([], {}, "MISSING_INPUTS", "missing inputs in request"),
        ([NOBODY], {}, "INVALID_PARMS", "invalid params: message type cannot be nil"),
        ([CALL], {}, "INVALID_PARMS", "invalid params: tool types cannot be nil"),
        (
            [{"messages": []}],
            {"toolChoice": "required"},
            "INVALID_PARMS",
            "invalid params: tool choice is required, but no tool is offered",
        ),
        (
            [{"messages": []}],
            {"toolChoice": "dance", "tools": [{"function": {"name": "sing"}}]},
            "INVALID_PARMS",
            'invalid params: tool choice is "dance", wanted auto, none, required or a tool: sing',
        ),
    ],
)
@pytest.mark.usefixtures("echo")
async def test_request_no_model_could_be_asked_is_refused(
    sidecar: Sidecar, inputs: Sequence[Any], further: dict[str, Any], code: str, message: str
) -> None:
    answer = await sidecar.call("POST", ALPHA2, json.dumps({"inputs": inputs, **further}))

    assert answer.status == 400
    assert json.loads(answer.body) == {
        "errorCode": f"ERR_CONVERSATION_{code}",
        "message": f"failed conversing with component echo: {message}",
    }


@pytest.mark.usefixtures("echo")
async def test_body_that_is_no_request_is_refused(sidecar: Sidecar) -> None:
    for body in ("{", '{"inputs": 3}', b"\xff"):
        answer = await sidecar.call("POST", ALPHA2, body)
        assert (answer.status, json.loads(answer.body)["errorCode"]) == (400, "ERR_MALFORMED_REQUEST")


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("absent", Code.INVALID_ARGUMENT, "failed finding conversation component absent"),
        ("gone", Code.INTERNAL, "failed conversing with component gone: nobody takes 1 messages"),
    ],
)
@pytest.mark.usefixtures("echo")
async def test_failure_is_told(channel: Channel, name: str, code: Code, message: str) -> None:
    with pytest.raises(StatusError, match=message) as caught:
        await converse(channel, asking(user("hi"), name=name))

    assert caught.value.code == code
