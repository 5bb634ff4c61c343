"""What travels beside an error's sentence, as ``google.rpc`` has it, without a protocol's types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

DOMAIN = "dapr.io"


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """Why, in one word for programs; ``metadata`` is ``None`` where there are no facts."""

    reason: str
    domain: str = DOMAIN
    metadata: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ResourceInfo:
    """Which thing the error is about."""

    type: str
    name: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """Which part of the request was wrong, and how; travels as a ``BadRequest``."""

    field: str
    description: str


@dataclass(frozen=True, slots=True)
class HelpLink:
    """Where to read on; travels as a ``Help``."""

    url: str
    description: str


Detail = ErrorInfo | ResourceInfo | FieldViolation | HelpLink
