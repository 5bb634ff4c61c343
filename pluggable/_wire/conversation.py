"""Conversations on the wire: what a model is asked, and what it answers."""

from __future__ import annotations

import json
from typing import Any, Final

from .._proto.google.protobuf import duration_pb2
from .._proto.pluggable.components.v1alpha1 import conversation_pb2 as pb
from ..conversation import (
    Choice,
    ConverseRequest,
    ConverseResponse,
    Message,
    Output,
    Part,
    Role,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    Usage,
)
from ..errors import InvalidRequestError
from ..metadata import Metadata
from .common import mapping, metadata_request, metadata_request_pb

_ROLE_PB: Final = {
    Role.DEVELOPER: pb.ROLE_DEVELOPER,
    Role.SYSTEM: pb.ROLE_SYSTEM,
    Role.USER: pb.ROLE_USER,
    Role.ASSISTANT: pb.ROLE_ASSISTANT,
    Role.TOOL: pb.ROLE_TOOL,
}
_ROLE: Final = {number: role for role, number in _ROLE_PB.items()}


def init_request(message: pb.ConversationInitRequest, name: str = "") -> Metadata:
    """Return what the component is configured with."""
    return metadata_request(message.metadata, name)


def init_request_pb(metadata: Metadata) -> pb.ConversationInitRequest:
    """Pack what the component is configured with."""
    return pb.ConversationInitRequest(metadata=metadata_request_pb(metadata))


def converse_request(message: pb.ConverseRequest) -> ConverseRequest:
    """
    Return what the model is asked.

    Raises:
        InvalidRequestError: a message has no role that is known here, or what should be JSON is not.
    """
    retention = message.prompt_cache_retention
    has = message.HasField
    return ConverseRequest(
        messages=[_message(each) for each in message.messages],
        tools=tuple(_tool(each) for each in message.tools),
        tool_choice=message.tool_choice if has("tool_choice") else None,
        temperature=message.temperature if has("temperature") else None,
        response_format=_schema(message.response_format, "the response format") or None,
        context_id=message.context_id if has("context_id") else None,
        max_tokens=message.max_tokens if has("max_tokens") else None,
        prompt_cache_seconds=(
            retention.seconds + retention.nanos / 1e9 if has("prompt_cache_retention") else None
        ),
        parameters={name: _value(text, f"parameter {name}") for name, text in message.parameters.items()},
        metadata=mapping(message.metadata),
    )


def converse_request_pb(request: ConverseRequest) -> pb.ConverseRequest:
    """Pack what the model is asked."""
    return pb.ConverseRequest(
        messages=[_message_pb(each) for each in request.messages],
        tools=[_tool_pb(each) for each in request.tools],
        tool_choice=request.tool_choice,
        temperature=request.temperature,
        response_format=_text(request.response_format) if request.response_format else "",
        context_id=request.context_id,
        max_tokens=request.max_tokens,
        prompt_cache_retention=_duration_pb(request.prompt_cache_seconds),
        parameters={name: _text(value) for name, value in request.parameters.items()},
        metadata=dict(request.metadata) or None,
    )


def converse_response(message: pb.ConverseResponse) -> ConverseResponse:
    """Return what the model answers."""
    return ConverseResponse(
        outputs=[_output(each) for each in message.outputs],
        context_id=message.context_id if message.HasField("context_id") else None,
    )


def converse_response_pb(response: ConverseResponse) -> pb.ConverseResponse:
    """Pack what the model answers."""
    return pb.ConverseResponse(
        outputs=[_output_pb(each) for each in response.outputs], context_id=response.context_id
    )


def _message(message: pb.Message) -> Message:
    role = _ROLE.get(message.role)
    if role is None:
        raise InvalidRequestError(
            f"converse: a message has the role {message.role}; known are {', '.join(r.value for r in Role)}"
        )
    return Message(
        role=role,
        parts=[part for each in message.parts if (part := _part(each)) is not None],
        name=message.name if message.HasField("name") else None,
    )


def _message_pb(message: Message) -> pb.Message:
    return pb.Message(
        role=_ROLE_PB[message.role], name=message.name, parts=[_part_pb(each) for each in message.parts]
    )


def _part(message: pb.Part) -> Part | None:
    match message.WhichOneof("kind"):
        case "text":
            return Text(message.text)
        case "tool_call":
            return _tool_call(message.tool_call)
        case "tool_result":
            result = message.tool_result
            return ToolResult(call_id=result.call_id, name=result.name, content=result.content)
    return None


def _part_pb(part: Part) -> pb.Part:
    match part:
        case Text(text):
            return pb.Part(text=text)
        case ToolCall():
            return pb.Part(tool_call=_tool_call_pb(part))
        case ToolResult():
            result = pb.ToolResult(call_id=part.call_id, name=part.name, content=part.content)
            return pb.Part(tool_result=result)


def _tool_call(message: pb.ToolCall) -> ToolCall:
    return ToolCall(id=message.id, name=message.name, arguments=message.arguments)


def _tool_call_pb(call: ToolCall) -> pb.ToolCall:
    return pb.ToolCall(id=call.id, name=call.name, arguments=call.arguments)


def _tool(message: pb.Tool) -> Tool:
    return Tool(
        name=message.name,
        description=message.description,
        parameters=_schema(message.parameters, f"the parameters of tool {message.name}"),
    )


def _tool_pb(tool: Tool) -> pb.Tool:
    return pb.Tool(
        name=tool.name,
        description=tool.description,
        parameters=_text(tool.parameters) if tool.parameters else "",
    )


def _output(message: pb.Output) -> Output:
    return Output(
        choices=[
            Choice(
                content=each.content,
                finish_reason=each.finish_reason,
                tool_calls=tuple(_tool_call(call) for call in each.tool_calls),
            )
            for each in message.choices
        ],
        model=message.model if message.HasField("model") else None,
        usage=_usage(message.usage) if message.HasField("usage") else None,
    )


def _output_pb(output: Output) -> pb.Output:
    return pb.Output(
        choices=[
            pb.Choice(
                finish_reason=each.finish_reason,
                content=each.content,
                tool_calls=[_tool_call_pb(call) for call in each.tool_calls],
            )
            for each in output.choices
        ],
        model=output.model,
        usage=_usage_pb(output.usage) if output.usage else None,
    )


def _usage(message: pb.Usage) -> Usage:
    return Usage(
        prompt_tokens=message.prompt_tokens,
        completion_tokens=message.completion_tokens,
        total_tokens=message.total_tokens,
        cached_prompt_tokens=message.cached_prompt_tokens,
        audio_prompt_tokens=message.audio_prompt_tokens,
        reasoning_tokens=message.reasoning_tokens,
        audio_completion_tokens=message.audio_completion_tokens,
        accepted_prediction_tokens=message.accepted_prediction_tokens,
        rejected_prediction_tokens=message.rejected_prediction_tokens,
    )


def _usage_pb(usage: Usage) -> pb.Usage:
    return pb.Usage(
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        total_tokens=usage.total_tokens,
        cached_prompt_tokens=usage.cached_prompt_tokens,
        audio_prompt_tokens=usage.audio_prompt_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        audio_completion_tokens=usage.audio_completion_tokens,
        accepted_prediction_tokens=usage.accepted_prediction_tokens,
        rejected_prediction_tokens=usage.rejected_prediction_tokens,
    )


def _duration_pb(seconds: float | None) -> duration_pb2.Duration | None:
    if seconds is None:
        return None
    whole, part = divmod(round(seconds * 1e9), 10**9)
    return duration_pb2.Duration(seconds=whole, nanos=part)


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _value(text: str, what: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError(f"converse: {what} is not JSON: {error}") from error


def _schema(text: str, what: str) -> dict[str, Any]:
    """Return a JSON schema, empty where there is none."""
    value = _value(text, what) if text else {}
    if not isinstance(value, dict):
        raise InvalidRequestError(f"converse: {what} is no JSON object, which a schema is")
    return value
