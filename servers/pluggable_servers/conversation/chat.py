"""
Conversations in the words of OpenAI's API for chat completions, which many hosts of models understand.

Source: https://platform.openai.com/docs/api-reference/chat; what of a request daprd sends there is in
components-contrib ``conversation/langchaingokit``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pluggable.conversation import (
    Choice,
    ConverseRequest,
    ConverseResponse,
    Message,
    Output,
    Role,
    Tool,
    ToolCall,
    Usage,
)
from pluggable.errors import ComponentError

#: Names of speakers and schemas that OpenAI takes.
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CHOICES: Final = frozenset({"none", "auto", "required"})
_REASONS: Final = frozenset({"stop", "length", "tool_calls", "content_filter"})
_DAY_SECONDS: Final = 24 * 3600


def asked(request: ConverseRequest, model: str, *, openai: bool) -> dict[str, Any]:
    """
    Return the body that asks a model.

    ``openai`` says that the host is OpenAI itself, or Azure; others know the older of its words alone.
    """
    body: dict[str, Any] = {key: value for key, value in request.parameters.items() if key != "stream"}
    body |= {"model": model, "messages": [each for said in request.messages for each in _said(said, openai)]}
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
        if request.tool_choice:
            body["tool_choice"] = _tool_choice(request.tool_choice)
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.max_tokens is not None:
        body["max_completion_tokens" if openai else "max_tokens"] = request.max_tokens
    if request.response_format is not None:
        body["response_format"] = _response_format(request.response_format)
    if request.prompt_cache_seconds is not None and openai:
        body["prompt_cache_retention"] = (
            "24h" if request.prompt_cache_seconds >= _DAY_SECONDS else "in_memory"
        )
    if request.metadata:
        body["metadata"] = dict(request.metadata)
    return body


def answered(answer: Any, model: str) -> ConverseResponse:
    """
    Return what a model answered.

    Raises:
        ComponentError: it is no answer of this API, or has nothing in it.
    """
    try:
        choices = [_choice(each) for each in answer["choices"]]
        usage = _usage(answer["usage"]) if answer.get("usage") else None
    except (KeyError, TypeError, AttributeError) as error:
        raise ComponentError(f"{model} answered with what is no chat completion: {error!r}") from error
    if not choices:
        raise ComponentError(f"{model} answered with no choice")
    return ConverseResponse(outputs=[Output(choices=choices, model=model, usage=usage)])


def _said(message: Message, openai: bool) -> Iterator[dict[str, Any]]:
    """Yield the messages that stand for one: each result of a call is one of its own there."""
    for result in message.tool_results:
        yield {"role": "tool", "tool_call_id": result.call_id, "content": result.content}
    if message.tool_results and not message.text:
        return
    told: dict[str, Any] = {"role": _role(message.role, openai), "content": message.text}
    if message.tool_calls:
        told["content"] = message.text or None
        told["tool_calls"] = [_call(call) for call in message.tool_calls]
    if message.name and _NAME.fullmatch(message.name):
        told["name"] = message.name
    yield told


def _role(role: Role, openai: bool) -> str:
    match role:
        case Role.DEVELOPER if not openai:
            return "system"
        case Role.TOOL:  # text without a call that it is the result of
            return "user"
    return str(role.value)


def _call(call: ToolCall) -> dict[str, Any]:
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments},
    }


def _tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {
        "name": tool.name,
        "parameters": dict(tool.parameters) or {"type": "object", "properties": {}},
    }
    if tool.description:
        function["description"] = tool.description
    return {"type": "function", "function": function}


def _tool_choice(choice: str) -> str | dict[str, Any]:
    return choice if choice in _CHOICES else {"type": "function", "function": {"name": choice}}


def _response_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    title = str(schema.get("title", ""))
    name = title if _NAME.fullmatch(title) else "response"
    return {"type": "json_schema", "json_schema": {"name": name, "schema": dict(schema)}}


def _choice(told: Any) -> Choice:
    message, reason = told["message"], told.get("finish_reason") or "unknown"
    if reason == "function_call":
        reason = "tool_calls"
    if refusal := message.get("refusal"):
        return Choice(content=refusal, finish_reason="content_filter")
    calls = [
        ToolCall(
            id=call.get("id") or "",
            name=call["function"]["name"],
            arguments=call["function"].get("arguments") or "",
        )
        for call in message.get("tool_calls") or ()
    ]
    return Choice(
        content=message.get("content") or "",
        finish_reason=reason if reason in _REASONS else "unknown",
        tool_calls=calls,
    )


def _usage(told: Any) -> Usage:
    prompt = told.get("prompt_tokens_details") or {}
    completion = told.get("completion_tokens_details") or {}

    def count(where: Any, name: str) -> int:
        return max(0, int(where.get(name) or 0))

    return Usage(
        prompt_tokens=count(told, "prompt_tokens"),
        completion_tokens=count(told, "completion_tokens"),
        total_tokens=count(told, "total_tokens"),
        cached_prompt_tokens=count(prompt, "cached_tokens"),
        audio_prompt_tokens=count(prompt, "audio_tokens"),
        reasoning_tokens=count(completion, "reasoning_tokens"),
        audio_completion_tokens=count(completion, "audio_tokens"),
        accepted_prediction_tokens=count(completion, "accepted_prediction_tokens"),
        rejected_prediction_tokens=count(completion, "rejected_prediction_tokens"),
    )
