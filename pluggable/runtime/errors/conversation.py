"""What the conversation block refuses or cannot do, in daprd's sentences."""

from __future__ import annotations

from ...errors import ComponentError
from .base import BlockError


class ConversationError(BlockError):
    """Something about a conversation with one component."""

    def __init__(self, component: str, reason: str) -> None:
        super().__init__(f"failed conversing with component {component}: {reason}")
        self.component = component


class ConversationNotFoundError(ConversationError):
    """There is no conversation component of this name."""

    def __init__(self, component: str) -> None:
        BlockError.__init__(self, f"failed finding conversation component {component}")
        self.component = component


class MissingInputsError(ConversationError):
    """Nothing is said to the model."""

    def __init__(self, component: str) -> None:
        super().__init__(component, "missing inputs in request")


class InvalidParametersError(ConversationError):
    """The request is none that a model could be asked."""

    def __init__(self, component: str, reason: str) -> None:
        super().__init__(component, f"invalid params: {reason}")


class ConverseError(ConversationError):
    """The model, or its host, failed."""

    def __init__(self, component: str, cause: ComponentError) -> None:
        super().__init__(component, str(cause))
        self.cause = cause
