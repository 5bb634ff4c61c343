"""
``conversation.echo``: says what it is told, for tests and for development without a model.

Source: components-contrib ``conversation/echo/echo.go``.
"""

from __future__ import annotations

from typing import Final

from pluggable.about import About
from pluggable.conversation import (
    Choice,
    Conversation,
    ConverseRequest,
    ConverseResponse,
    Message,
    Output,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    Usage,
)
from pluggable.errors import InvalidRequestError

_CALLS: Final = "tool_calls"


class EchoConversation(Conversation):
    """
    Answers with the texts of all messages, a line each, and calls every tool that it is offered.

    A call's arguments are the names of the tool's parameters, sorted and joined by commas, which is no JSON.
    """

    about = About(
        title="Echo",
        description="Answers with what it is told; for tests, and for development without a model.",
        url="https://docs.dapr.io/reference/components-reference/supported-conversation/local-echo/",
    )

    async def converse(self, request: ConverseRequest) -> ConverseResponse:
        content = "\n".join(line for message in request.messages for line in _lines(message))
        calls = [_call(number, tool) for number, tool in enumerate(request.tools)]
        calls += [call for message in request.messages for call in message.tool_calls]
        words = len(content.split())
        choice = Choice(content=content, finish_reason=_CALLS if calls else "stop", tool_calls=calls)
        usage = Usage(prompt_tokens=words, completion_tokens=words, total_tokens=2 * words)
        return ConverseResponse(outputs=[Output(choices=[choice], usage=usage)])


def _lines(message: Message) -> list[str]:
    said: list[str] = []
    for part in message.parts:
        match part:
            case Text(text):
                said.append(text)
            case ToolResult(call_id=call_id, name=name, content=content):
                said.append(f"Tool Response for tool ID '{call_id}' with name '{name}': {content}")
    return said


def _call(number: int, tool: Tool) -> ToolCall:
    properties = tool.parameters.get("properties") or {}
    if not isinstance(properties, dict):
        raise InvalidRequestError(
            f'the parameters of tool "{tool.name}" have properties that are no object, which a schema wants'
        )
    return ToolCall(id=str(number), name=tool.name, arguments=",".join(sorted(properties)))
