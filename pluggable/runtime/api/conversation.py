"""
Conversations as both APIs have them: HTTP carries the JSON form of gRPC's messages.

Source: dapr/dapr ``pkg/api/universal/conversation.go``. Importing this loads messages that few sidecars use.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf.message import Message as ProtobufMessage

from ..._proto.dapr.proto.runtime.v1 import ai_pb2 as pb
from ..._proto.google.protobuf import any_pb2, struct_pb2, wrappers_pb2
from ..._wire.common import mapping
from ...conversation import (
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
from ..apart import apart
from ..blocks.conversation import Conversations
from ..errors.conversation import InvalidParametersError, MissingInputsError
from ..pii import scrubbed

#: The roles of alpha1 by their names; any other is the user's.
_ROLES: Mapping[str, Role] = {
    "system": Role.SYSTEM,
    "assistant": Role.ASSISTANT,
    "ai": Role.ASSISTANT,
    "tool": Role.TOOL,
}
_ROLE_OF: Mapping[str, Role] = {
    "of_developer": Role.DEVELOPER,
    "of_system": Role.SYSTEM,
    "of_user": Role.USER,
    "of_assistant": Role.ASSISTANT,
    "of_tool": Role.TOOL,
}
_CHOICES = frozenset({"", "auto", "none", "required"})
_BOXES: Mapping[str, type[ProtobufMessage]] = {
    kind.DESCRIPTOR.full_name: kind
    for kind in (
        wrappers_pb2.StringValue,
        wrappers_pb2.BoolValue,
        wrappers_pb2.Int32Value,
        wrappers_pb2.Int64Value,
        wrappers_pb2.UInt32Value,
        wrappers_pb2.UInt64Value,
        wrappers_pb2.FloatValue,
        wrappers_pb2.DoubleValue,
        struct_pb2.Struct,
        struct_pb2.Value,
        struct_pb2.ListValue,
    )
}


async def converse_alpha1(block: Conversations, request: pb.ConversationRequest) -> pb.ConversationResponse:
    """Ask a model with texts; the answer is one text an output."""
    model = block.model(request.name)
    if not request.inputs:
        raise MissingInputsError(request.name)
    response = await model.converse(await apart(request.ByteSize(), _request_alpha1, request))
    return await apart(_size(response), _response_alpha1, request, response)


async def converse_alpha2(
    block: Conversations, request: pb.ConversationRequestAlpha2
) -> pb.ConversationResponseAlpha2:
    """Ask a model with messages of several kinds, and with tools."""
    model = block.model(request.name)
    if not request.inputs:
        raise MissingInputsError(request.name)
    response = await model.converse(await apart(request.ByteSize(), _request_alpha2, request))
    return await apart(_size(response), _response_alpha2, request, response)


def _request_alpha1(request: pb.ConversationRequest) -> ConverseRequest:
    return ConverseRequest(
        messages=[
            Message(
                role=_ROLES.get(each.role, Role.USER),
                parts=[Text(scrubbed(each.content) if each.scrubPII else each.content)],
            )
            for each in request.inputs
        ],
        temperature=request.temperature if request.HasField("temperature") else None,
        context_id=request.contextID or None,
        parameters=_parameters(request.parameters),
        metadata=mapping(request.metadata),
    )


def _response_alpha1(request: pb.ConversationRequest, response: ConverseResponse) -> pb.ConversationResponse:
    answer = pb.ConversationResponse(contextID=response.context_id or request.contextID or None)
    for output in response.outputs:
        text = output.choices[0].content if output.choices else ""
        answer.outputs.append(
            pb.ConversationResult(
                result=scrubbed(text) if request.scrubPII else text, parameters=request.parameters
            )
        )
    return answer


def _request_alpha2(request: pb.ConversationRequestAlpha2) -> ConverseRequest:
    has = request.HasField
    return ConverseRequest(
        messages=[
            _message(request.name, message, scrub=each.scrub_pii)
            for each in request.inputs
            for message in each.messages
        ],
        tools=[_tool(each.function) for each in request.tools if each.HasField("function")],
        tool_choice=_tool_choice(request),
        temperature=request.temperature if has("temperature") else None,
        response_format=_plain(request.response_format) if has("response_format") else None,
        context_id=request.context_id or None,
        max_tokens=request.max_tokens if has("max_tokens") else None,
        prompt_cache_seconds=(
            request.prompt_cache_retention.seconds + request.prompt_cache_retention.nanos / 1e9
            if has("prompt_cache_retention")
            else None
        ),
        parameters=_parameters(request.parameters),
        metadata=mapping(request.metadata),
    )


def _response_alpha2(
    request: pb.ConversationRequestAlpha2, response: ConverseResponse
) -> pb.ConversationResponseAlpha2:
    return pb.ConversationResponseAlpha2(
        context_id=response.context_id or request.context_id or None,
        outputs=[_output(each, scrub=request.scrub_pii) for each in response.outputs],
    )


def _message(component: str, message: pb.ConversationMessage, *, scrub: bool) -> Message:
    kind = message.WhichOneof("message_types")
    if kind is None:
        raise InvalidParametersError(component, "message type cannot be nil")
    said = getattr(message, kind)
    texts = [scrubbed(each.text) if scrub else each.text for each in said.content]
    parts: list[Part]
    if isinstance(said, pb.ConversationMessageOfTool):
        parts = [ToolResult(call_id=said.tool_id, name=said.name, content=text) for text in texts]
        return Message(role=Role.TOOL, parts=parts)
    parts = [Text(text) for text in texts]
    if isinstance(said, pb.ConversationMessageOfAssistant):
        parts += [_tool_call(component, call) for call in said.tool_calls]
    return Message(role=_ROLE_OF[kind], parts=parts, name=said.name or None)


def _tool_call(component: str, call: pb.ConversationToolCalls) -> ToolCall:
    if not call.HasField("function"):
        raise InvalidParametersError(component, "tool types cannot be nil")
    return ToolCall(id=call.id, name=call.function.name, arguments=call.function.arguments)


def _tool(tool: pb.ConversationToolsFunction) -> Tool:
    return Tool(name=tool.name, description=tool.description, parameters=_plain(tool.parameters))


def _tool_choice(request: pb.ConversationRequestAlpha2) -> str | None:
    """
    Return how tools may be called: as asked, else as the model likes where there are any.

    Raises:
        InvalidParametersError: one is to be called that is not offered.
    """
    names = {each.function.name for each in request.tools}
    choice = request.tool_choice or ("auto" if names else "")
    if names and choice not in _CHOICES and choice not in names:
        raise InvalidParametersError(
            request.name,
            f'tool choice is "{choice}", wanted auto, none, required or a tool: {", ".join(sorted(names))}',
        )
    if choice == "required" and not names:
        raise InvalidParametersError(request.name, "tool choice is required, but no tool is offered")
    return choice or None


def _output(output: Output, *, scrub: bool) -> pb.ConversationResultAlpha2:
    return pb.ConversationResultAlpha2(
        choices=[_choice(number, each, scrub=scrub) for number, each in enumerate(output.choices)],
        model=output.model or None,
        usage=_usage(output.usage) if output.usage is not None else None,
    )


def _choice(number: int, choice: Choice, *, scrub: bool) -> pb.ConversationResultChoices:
    calls = [
        pb.ConversationToolCalls(
            id=call.id or None,
            function=pb.ConversationToolCallsOfFunction(name=call.name, arguments=call.arguments),
        )
        for call in choice.tool_calls
    ]
    content = scrubbed(choice.content) if scrub else choice.content
    return pb.ConversationResultChoices(
        finish_reason=choice.finish_reason,
        index=number,
        message=pb.ConversationResultMessage(content=content, tool_calls=calls),
    )


def _usage(usage: Usage) -> pb.ConversationResultAlpha2CompletionUsage:
    completion = pb.ConversationResultAlpha2CompletionUsageCompletionTokensDetails(
        accepted_prediction_tokens=usage.accepted_prediction_tokens,
        audio_tokens=usage.audio_completion_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        rejected_prediction_tokens=usage.rejected_prediction_tokens,
    )
    prompt = pb.ConversationResultAlpha2CompletionUsagePromptTokensDetails(
        audio_tokens=usage.audio_prompt_tokens, cached_tokens=usage.cached_prompt_tokens
    )
    return pb.ConversationResultAlpha2CompletionUsage(
        completion_tokens=usage.completion_tokens,
        prompt_tokens=usage.prompt_tokens,
        total_tokens=usage.total_tokens,
        completion_tokens_details=completion if completion.ByteSize() else None,
        prompt_tokens_details=prompt if prompt.ByteSize() else None,
    )


def _size(response: ConverseResponse) -> int:
    return sum(len(choice.content) for output in response.outputs for choice in output.choices)


def _parameters(given: Mapping[str, any_pb2.Any]) -> dict[str, Any]:
    """Return the parameters that are values of JSON; what is packed otherwise says nothing to a model."""
    return {
        name: _plain(kind.FromString(packed.value))
        for name, packed in given.items()
        if (kind := _BOXES.get(packed.type_url.rpartition("/")[2])) is not None
    }


def _plain(value: Any) -> Any:
    """Return what a ``Struct``, a part of it or a boxed value says, numbers that are whole as integers."""
    match value:
        case struct_pb2.Struct():
            return {name: _plain(each) for name, each in value.fields.items()}
        case struct_pb2.ListValue():
            return [_plain(each) for each in value.values]
        case struct_pb2.Value():
            kind = value.WhichOneof("kind")
            if kind in {None, "null_value"}:
                return None
            return _plain(getattr(value, str(kind)))
        case ProtobufMessage():
            return _plain(getattr(value, "value"))  # noqa: B009  all boxes have one, their common type has not
        case float() if value.is_integer():
            return int(value)
    return value
