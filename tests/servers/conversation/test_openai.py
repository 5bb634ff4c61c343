"""A model at an address, asked over HTTP: the server is a real one, in the test."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from pluggable import Metadata
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
from pluggable.errors import (
    ComponentError,
    DeniedError,
    InvalidRequestError,
    LimitExceededError,
    MetadataError,
    UnavailableError,
)
from pluggable.testing import connected
from pluggable_servers.conversation import cache
from pluggable_servers.conversation.cache import AnswerCache
from pluggable_servers.conversation.chat import asked
from pluggable_servers.conversation.openai import OpenAIConversation, Settings
from tests.servers.model import Model

KEY = "sk-very-secret"
WEATHER = Tool(name="weather", description="now", parameters={"type": "object", "properties": {"city": {}}})


@pytest.fixture
async def model() -> AsyncIterator[Model]:
    async with Model.serving() as found:
        yield found


@asynccontextmanager
async def opened(host: Model, /, **settings: str) -> AsyncIterator[OpenAIConversation]:
    found = OpenAIConversation()
    await found.init(Metadata({"key": KEY, "endpoint": host.url, "model": "tiny", **settings}))
    try:
        yield found
    finally:
        await found.close()


def saying(text: str, **further: Any) -> ConverseRequest:
    return ConverseRequest(messages=[Message(role=Role.USER, parts=[Text(text)])], **further)


async def test_model_is_asked_and_answers(model: Model) -> None:
    async with opened(model) as conversation:
        answer = await conversation.converse(saying("hello"))

    assert answer == ConverseResponse(
        outputs=[
            Output(
                choices=[Choice(content="hello", finish_reason="stop", tool_calls=[])],
                model="tiny",
                usage=Usage(
                    prompt_tokens=9,
                    completion_tokens=12,
                    total_tokens=21,
                    cached_prompt_tokens=4,
                    audio_prompt_tokens=1,
                    reasoning_tokens=3,
                    audio_completion_tokens=2,
                    accepted_prediction_tokens=5,
                    rejected_prediction_tokens=6,
                ),
            )
        ]
    )
    assert model.paths == ["/v1/chat/completions"]
    assert model.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert model.asked == [{"model": "tiny", "messages": [{"role": "user", "content": "hello"}]}]


async def test_everything_asked_reaches_the_model(model: Model) -> None:
    request = saying(
        "hi",
        tools=[WEATHER],
        tool_choice="weather",
        temperature=0.0,
        max_tokens=5,
        response_format={"title": "Answer", "type": "object"},
        parameters={"seed": 1, "stream": True, "model": "other"},
        metadata={"shop": "x"},
    )
    async with opened(model) as conversation:
        await conversation.converse(request)
    (body,) = model.asked

    assert body == {
        "seed": 1,
        "model": "tiny",
        "messages": [{"role": "user", "content": "hi"}],
        "tools": [
            {
                "type": "function",
                "function": {"name": "weather", "description": "now", "parameters": dict(WEATHER.parameters)},
            }
        ],
        "tool_choice": {"type": "function", "function": {"name": "weather"}},
        "temperature": 0.0,
        "max_tokens": 5,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "Answer", "schema": {"title": "Answer", "type": "object"}},
        },
        "metadata": {"shop": "x"},
    }


def test_every_message_has_its_form() -> None:
    request = ConverseRequest(
        messages=[
            Message(role=Role.DEVELOPER, parts=[Text("be brief")]),
            Message(role=Role.SYSTEM, parts=[Text("a"), Text("b")], name="shop"),
            Message(role=Role.USER, parts=[Text("weather?")], name="not a name"),
            Message(role=Role.ASSISTANT, parts=[ToolCall(id="1", name="weather", arguments="{}")]),
            Message(
                role=Role.TOOL,
                parts=[
                    ToolResult(call_id="1", name="weather", content="rain"),
                    ToolResult(call_id="2", name="weather", content="sun"),
                ],
            ),
            Message(role=Role.TOOL, parts=[Text("no call's")]),
        ],
        prompt_cache_seconds=90_000,
        max_tokens=3,
    )
    call = {"id": "1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    body = asked(request, "m", openai=True)

    assert body == {
        "model": "m",
        "messages": [
            {"role": "developer", "content": "be brief"},
            {"role": "system", "content": "a\nb", "name": "shop"},
            {"role": "user", "content": "weather?"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "1", "content": "rain"},
            {"role": "tool", "tool_call_id": "2", "content": "sun"},
            {"role": "user", "content": "no call's"},
        ],
        "max_completion_tokens": 3,
        "prompt_cache_retention": "24h",
    }
    assert asked(request, "m", openai=False)["messages"][0]["role"] == "system"


async def test_calls_come_back_over_a_socket(model: Model) -> None:
    properties = {"key": KEY, "endpoint": model.url}
    async with connected(OpenAIConversation, properties) as conversation:
        answer = await conversation.converse(saying("weather?", tools=[WEATHER], tool_choice="auto"))

    assert answer.outputs[0].choices == [
        Choice(
            finish_reason="tool_calls",
            tool_calls=(ToolCall(id="call_0", name="weather", arguments='{"city":"Oslo"}'),),
        )
    ]


async def test_azure_is_asked_in_its_way(model: Model) -> None:
    azure = {"apiType": "Azure", "apiVersion": "2025-01-01-preview", "model": "gpt 4"}
    async with opened(model, **azure) as conversation:
        await conversation.converse(saying("hi"))

    assert model.paths == ["/v1/openai/deployments/gpt%204/chat/completions?api-version=2025-01-01-preview"]
    assert (model.headers[0]["api-key"], "Authorization" in model.headers[0]) == (KEY, False)


async def test_azure_wants_to_be_told_where(model: Model) -> None:
    with pytest.raises(MetadataError, match="endpoint and apiVersion must be provided when apiType is set"):
        async with opened(model, apiType="azure"):
            pass


@pytest.mark.parametrize(
    ("environment", "settings", "wanted"),
    [
        ({}, {}, "gpt-5-nano"),
        ({}, {"model": "m"}, "m"),
        ({"OPENAI_MODEL": "e"}, {"model": "m"}, "e"),
        ({"OPENAI_MODEL": "e"}, {"apiType": "azure"}, "gpt-4.1-nano"),
        ({"AZURE_OPENAI_MODEL": "a"}, {"apiType": "azure", "model": "m"}, "a"),
    ],
)
def test_environment_goes_before_the_yaml(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], settings: dict[str, str], wanted: str
) -> None:
    for name in ("OPENAI_MODEL", "AZURE_OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    given = {"key": "k", "endpoint": "http://x", "apiVersion": "1", **settings}

    assert Metadata(given).parse(Settings).model_in_use() == wanted


@pytest.mark.parametrize("name", ["responseCacheTTL", "cacheTTL"])
async def test_same_question_is_answered_from_the_cache(model: Model, name: str) -> None:
    async with opened(model, **{name: "10m"}) as conversation:
        first = await conversation.converse(saying("hello"))
        again = await conversation.converse(saying("hello"))
        await conversation.converse(saying("hello", temperature=1.0))

    assert first == again
    assert len(model.asked) == 2


async def test_without_a_cache_every_question_is_asked(model: Model) -> None:
    async with opened(model) as conversation:
        for _ in range(2):
            await conversation.converse(saying("hello"))

    assert len(model.asked) == 2


def test_cache_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST_ANSWERS", 2)
    answers, gone = AnswerCache(60), AnswerCache(0)
    for number in range(3):
        answers.put({"n": number}, ConverseResponse(outputs=[], context_id=str(number)))
    gone.put({}, ConverseResponse(outputs=[]))

    found = [answers.get({"n": number}) for number in range(3)]
    assert [answer and answer.context_id for answer in found] == [None, "1", "2"]
    assert gone.get({}) is None


async def test_error_is_not_kept(model: Model) -> None:
    async with opened(model, responseCacheTTL="10m") as conversation:
        model.status = 500
        with pytest.raises(UnavailableError):
            await conversation.converse(saying("hello"))
        model.status = 200

        assert (await conversation.converse(saying("hello"))).outputs


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequestError),
        (401, DeniedError),
        (403, DeniedError),
        (404, InvalidRequestError),
        (429, LimitExceededError),
        (503, UnavailableError),
        (301, InvalidRequestError),
    ],
)
async def test_failure_is_told_without_the_key(model: Model, status: int, kind: type[ComponentError]) -> None:
    model.status = status
    model.answer = json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}."}})
    async with opened(model) as conversation:
        with pytest.raises(kind) as caught:
            await conversation.converse(saying("hi"))

    told = f"tiny answered with status {status}: Incorrect API key provided: (not shown)."
    assert str(caught.value) == told


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("<html>", "tiny answered with what is no JSON"),
        ("[]", "tiny answered with what is no chat completion"),
        ('{"choices": [{}]}', "tiny answered with what is no chat completion"),
        ('{"choices": []}', "tiny answered with no choice"),
    ],
)
async def test_answer_that_is_none_is_an_error(model: Model, answer: str, message: str) -> None:
    model.answer = answer
    async with opened(model) as conversation:
        with pytest.raises(ComponentError, match=message):
            await conversation.converse(saying("hi"))


async def test_model_that_has_to_call_and_does_not_is_an_error(model: Model) -> None:
    choice = {"message": {"content": None}, "finish_reason": "stop"}
    model.answer = json.dumps({"choices": [choice]})
    async with opened(model) as conversation:
        with pytest.raises(ComponentError, match="tiny called none of 1 tools, and said nothing"):
            await conversation.converse(saying("hi", tools=[WEATHER], tool_choice="required"))


@pytest.mark.parametrize(
    ("told", "wanted"),
    [("length", "length"), ("function_call", "tool_calls"), ("", "unknown"), ("mood", "unknown")],
)
async def test_reason_is_in_the_words_of_dapr(model: Model, told: str, wanted: str) -> None:
    model.answer = json.dumps({"choices": [{"message": {"content": "x"}, "finish_reason": told}]})
    async with opened(model) as conversation:
        answer = await conversation.converse(saying("hi"))

    assert answer.outputs[0].choices[0].finish_reason == wanted


async def test_refusal_is_what_the_model_says(model: Model) -> None:
    message = {"content": None, "refusal": "I cannot."}
    model.answer = json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]})
    async with opened(model) as conversation:
        answer = await conversation.converse(saying("hi"))

    assert answer.outputs[0].choices == [Choice(content="I cannot.", finish_reason="content_filter")]


async def test_host_that_is_not_there_is_told() -> None:
    async with opened(Model(url="http://127.0.0.1:1")) as conversation:
        with pytest.raises(UnavailableError, match="tiny cannot be asked: Cannot connect"):
            await conversation.converse(saying("hi"))


async def test_host_without_keys_gets_none(model: Model) -> None:
    async with opened(model, key="") as conversation:
        await conversation.converse(saying("hi"))

    assert "Authorization" not in model.headers[0]


async def test_openai_wants_a_key() -> None:
    with pytest.raises(MetadataError, match="key is missing, which OpenAI and Azure want"):
        async with opened(Model(), key=""):
            pass


def test_key_is_not_shown() -> None:
    assert KEY not in repr(Metadata({"key": KEY}).parse(Settings))
