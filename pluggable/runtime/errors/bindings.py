"""What output bindings refuse or cannot do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .base import BlockError


class BindingError(BlockError):
    """An output binding could not be invoked. ``metadata`` is what the far side answered all the same."""

    def __init__(self, binding: str, reason: str, metadata: Mapping[str, str] | None = None) -> None:
        super().__init__(f"error invoking output binding {binding}: {reason}")
        self.binding = binding
        self.metadata: dict[str, str] = dict(metadata or {})


class OperationMissingError(BindingError):
    """The request names no operation."""

    def __init__(self, binding: str) -> None:
        super().__init__(binding, "operation field is missing from request")


class BindingNotFoundError(BindingError):
    """There is no output binding of this name."""

    def __init__(self, binding: str) -> None:
        super().__init__(binding, f"couldn't find output binding {binding}")


class BindingOperationError(BindingError):
    """The binding does not offer the operation."""

    def __init__(self, binding: str, operation: str, offered: Sequence[str]) -> None:
        super().__init__(
            binding,
            f"binding {binding} does not support operation {operation}. "
            f"supported operations:{' '.join(offered)}",
        )
