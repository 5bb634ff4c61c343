"""Conversations with language models."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .component import Component
from .metadata import NO_METADATA


class Role(Enum):
    """Who speaks."""

    DEVELOPER = "developer"
    """The application's author, with instructions."""
    SYSTEM = "system"
    USER = "user"
    """Who asks; other libraries say ``human``."""
    ASSISTANT = "assistant"
    """The model; other libraries say ``ai``."""
    TOOL = "tool"
    """The results of calls."""


@dataclass(frozen=True, slots=True)
class Text:
    """What somebody said."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A call that the model asks for: its arguments as it wrote them, which is JSON as a rule."""

    id: str
    """What the result is to be sent back under."""
    name: str
    arguments: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """What a call gave."""

    call_id: str
    name: str
    content: str


Part = Text | ToolCall | ToolResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """
    One message, in parts: text, an assistant's tool calls, a tool's results.

    ``name`` says who speaks, where several share a role.
    """

    role: Role
    parts: Sequence[Part]
    name: str | None = None

    @property
    def text(self) -> str:
        """The parts that are text, a line each."""
        return "\n".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The parts that are calls."""
        return [part for part in self.parts if isinstance(part, ToolCall)]

    @property
    def tool_results(self) -> list[ToolResult]:
        """The parts that are results."""
        return [part for part in self.parts if isinstance(part, ToolResult)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """What the model may ask to have called; ``parameters`` is a JSON schema, empty if it takes nothing."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConverseRequest:
    """Have the model go on from these messages, the oldest first; ``None`` leaves it to the component."""

    messages: Sequence[Message]
    tools: Sequence[Tool] = ()
    tool_choice: str | None = None
    """``none``, ``auto``, ``required``, or the name of a tool."""
    temperature: float | None = None
    response_format: Mapping[str, Any] | None = None
    """A JSON schema that the answer has to follow."""
    context_id: str | None = None
    """Which conversation this goes on with, for a component that keeps them."""
    max_tokens: int | None = None
    prompt_cache_seconds: float | None = None
    """How long the model's host may keep the beginning of the prompt."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """What the model's host understands beyond this: values of JSON."""
    metadata: Mapping[str, str] = NO_METADATA


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """
    One version of the answer, with the calls that the model asks for.

    ``finish_reason`` is ``stop``, ``length``, ``tool_calls``, ``content_filter``, ``error`` or ``unknown``,
    as Dapr's own components have it (contrib ``conversation/finish_reason.go``).
    """

    content: str = ""
    finish_reason: str = "stop"
    tool_calls: Sequence[ToolCall] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens; a number that is not known is 0."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cached_prompt_tokens: int = 0
    audio_prompt_tokens: int = 0
    reasoning_tokens: int = 0
    audio_completion_tokens: int = 0
    accepted_prediction_tokens: int = 0
    rejected_prediction_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What the model said, which model it was, and what that took."""

    choices: Sequence[Choice]
    model: str | None = None
    usage: Usage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConverseResponse:
    """The answer: one output, as a rule, and the conversation's id if the component keeps it."""

    outputs: Sequence[Output]
    context_id: str | None = None


class Conversation(Component):
    """A language model. Blanking out personal data is the sidecar's business."""

    @abstractmethod
    async def converse(self, request: ConverseRequest) -> ConverseResponse:
        """
        Return what the model says.

        Raises:
            InvalidRequestError: the model's host cannot make sense of the request.
            UnsupportedError: it asks for what the model cannot do, such as calling tools.
            LimitExceededError: the prompt is too long, or a quota is used up.
        """
