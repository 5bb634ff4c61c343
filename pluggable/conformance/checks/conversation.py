"""What holds for every language model, whatever it says."""

from __future__ import annotations

from typing import Final

from ...conversation import (
    Choice,
    ConverseRequest,
    Message,
    Output,
    Part,
    Role,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)
from ...errors import ComponentError
from ...remote import RemoteConversation
from ..check import ViolationError, check, expect
from ..target import Target

#: A model takes its time.
ANSWER_SECONDS: Final = 60.0
#: Why a model may have stopped (contrib: conversation/finish_reason.go).
FINISH_REASONS: Final = ("stop", "length", "tool_calls", "content_filter", "error", "unknown")
WEATHER: Final = Tool(
    name="get_weather",
    description="The weather in a city now.",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)


async def said(target: Target, *messages: Message, tools: tuple[Tool, ...] = ()) -> Output:
    """
    Return what the model says to messages.

    Raises:
        ViolationError: it is not one output with a choice.
    """
    response = await target.far_end(RemoteConversation).converse(
        ConverseRequest(messages=messages, tools=tools)
    )
    expect(len(response.outputs) == 1, found=f"{len(response.outputs)} outputs", wanted="one")
    expect(bool(response.outputs[0].choices), found="an output without a choice", wanted="one at least")
    return response.outputs[0]


def message(role: Role, *parts: str | Part) -> Message:
    """Return a message of these parts."""
    return Message(role=role, parts=[Text(part) if isinstance(part, str) else part for part in parts])


def _first(output: Output) -> Choice:
    return output.choices[0]


HELLO: Final = message(Role.USER, "Say hello, please.")


@check("conversation", seconds=ANSWER_SECONDS)
async def message_is_answered(target: Target) -> None:
    """A message is answered with one output, which has a choice with a text (contrib: test converse)."""
    answer = _first(await said(target, HELLO))
    expect(bool(answer.content), found="a choice without a text", wanted="what the model says")


@check("conversation", seconds=ANSWER_SECONDS)
async def finish_reason_is_a_word_of_dapr(target: Target) -> None:
    """Why the model stopped is said in Dapr's words, which applications compare with."""
    for choice in (await said(target, HELLO)).choices:
        expect(
            choice.finish_reason in FINISH_REASONS,
            found=f'the finish reason "{choice.finish_reason}"',
            wanted=f"one of {', '.join(FINISH_REASONS)}",
        )


@check("conversation", seconds=ANSWER_SECONDS)
async def no_tool_is_called_unoffered(target: Target) -> None:
    """Without tools in the request there are no calls in the answer."""
    for choice in (await said(target, HELLO)).choices:
        called = [call.name for call in choice.tool_calls]
        expect(not called, found=f"calls of {', '.join(called)}, which nobody offered", wanted="none")


@check("conversation", seconds=ANSWER_SECONDS)
async def every_role_is_taken(target: Target) -> None:
    """A history of messages by developer, system, user and assistant is answered."""
    history = (
        message(Role.DEVELOPER, "Answer in one word."),
        message(Role.SYSTEM, "You are friendly."),
        message(Role.USER, "Good", "day!"),
        message(Role.ASSISTANT, "Hello!"),
        message(Role.USER, "Grüß Gott, 世界 🙂"),
    )
    try:
        await said(target, *history)
    except ComponentError as error:
        raise ViolationError(f"a history by every role refused: {error}", "an answer") from error


@check("conversation", seconds=ANSWER_SECONDS)
async def result_of_a_call_is_taken(target: Target) -> None:
    """A history with a call and its result is answered, the tool being offered again."""
    call = ToolCall(id="call-1", name=WEATHER.name, arguments='{"city":"Oslo"}')
    history = (
        message(Role.USER, "How is the weather in Oslo?"),
        message(Role.ASSISTANT, call),
        message(Role.TOOL, ToolResult(call_id=call.id, name=call.name, content='{"sky":"clear"}')),
    )
    try:
        await said(target, *history, tools=(WEATHER,))
    except ComponentError as error:
        raise ViolationError(f"a history with a call refused: {error}", "an answer") from error


@check("conversation", seconds=ANSWER_SECONDS)
async def called_tool_was_offered(target: Target) -> None:
    """What is called, if anything, was offered, and the call has an id to send the result back under."""
    asked = message(Role.USER, "How is the weather in Oslo? Use the tool.")
    for choice in (await said(target, asked, tools=(WEATHER,))).choices:
        for call in choice.tool_calls:
            expect(
                call.name == WEATHER.name and bool(call.id),
                found=f'a call of "{call.name}" with the id "{call.id}"',
                wanted=f"one of {WEATHER.name}, with an id",
            )


@check("conversation", seconds=ANSWER_SECONDS)
async def usage_adds_up(target: Target) -> None:
    """Where tokens are counted, there are as many in all as in prompt and completion at least."""
    usage = (await said(target, HELLO)).usage
    if usage is not None:
        expect(
            usage.total_tokens >= usage.prompt_tokens + usage.completion_tokens,
            found=f"{usage.total_tokens} of {usage.prompt_tokens} and {usage.completion_tokens} tokens",
            wanted="their sum, or more",
        )
