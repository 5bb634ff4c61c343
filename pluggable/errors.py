"""
What goes wrong with a component, in the terms of the building blocks.

A component raises these; whoever called it, over a socket or not, catches the same ones. How they travel
is told once, in ``_wire/status.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .transport.status import Code


class ComponentError(Exception):
    """Any failure of a component that its caller is told of; the text reaches the application."""

    code = Code.UNKNOWN


class InvalidRequestError(ComponentError):
    """The request cannot be served as it is; repeating it changes nothing."""

    code = Code.INVALID_ARGUMENT


class NotFoundError(ComponentError):
    """What was asked for does not exist. A missing state key is no error: ``get`` returns ``None``."""

    code = Code.NOT_FOUND


class UnsupportedError(ComponentError):
    """The component does not offer this."""

    code = Code.UNIMPLEMENTED


class DeniedError(ComponentError):
    """The component, or the backend behind it, refuses the caller."""

    code = Code.PERMISSION_DENIED


class LimitExceededError(ComponentError):
    """A bound was met: a size, a quota, a number of connections."""

    code = Code.RESOURCE_EXHAUSTED


class UnavailableError(ComponentError):
    """The component or its backend cannot be reached now; the same request may pass later."""

    code = Code.UNAVAILABLE


class TimedOutError(ComponentError):
    """No answer within the time given; whether the request took effect is unknown."""

    code = Code.DEADLINE_EXCEEDED


class NotInitializedError(UnavailableError):
    """A call for an instance that got no Init, as after a restart that its sidecar did not notice."""

    code = Code.FAILED_PRECONDITION

    def __init__(self, component: str, instance: str) -> None:
        super().__init__(
            f'{component} "{instance}" is not initialised: this process got no Init for it; '
            "restart the sidecar that calls it, or send Init"
        )
        self.component = component
        self.instance = instance


class InitError(ComponentError):
    """The component could not be made ready with the metadata it was given."""

    code = Code.FAILED_PRECONDITION


class MetadataError(InitError):
    """Metadata with faults: all of them at once, each a sentence that names the property."""

    code = Code.INVALID_ARGUMENT

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults: tuple[str, ...] = tuple(faults)


class ETagMismatchError(ComponentError):
    """The ETag sent is not the stored one: somebody else wrote in between, or the key is gone."""

    code = Code.FAILED_PRECONDITION

    def __init__(self, detail: str = "") -> None:
        super().__init__("possible etag mismatch" + (f": {detail}" if detail else ""))


class ETagInvalidError(ComponentError):
    """The ETag sent is none that this store could have given."""

    code = Code.INVALID_ARGUMENT

    def __init__(self, detail: str = "") -> None:
        super().__init__("invalid etag value" + (f": {detail}" if detail else ""))


class RowMismatchError(ComponentError):
    """A bulk delete removed another number of rows than it was asked to."""

    code = Code.INTERNAL

    def __init__(self, *, expected: int, affected: int) -> None:
        super().__init__(f"delete affected only {affected} rows, expected {expected}")
        self.expected = expected
        self.affected = affected


class BulkError(ComponentError):
    """Some items of a bulk request failed, the others took effect."""

    def __init__(self, failures: Mapping[str, ComponentError]) -> None:
        super().__init__("; ".join(f"{key}: {error}" for key, error in failures.items()))
        self.failures: dict[str, ComponentError] = dict(failures)


class InvokeError(ComponentError):
    """
    An output binding's operation failed, with what the far side answered all the same.

    The sidecar shows ``metadata`` to the application beside the error.
    """

    def __init__(self, message: str, *, data: bytes = b"", metadata: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.data = data
        self.metadata: dict[str, str] = dict(metadata or {})


class CustomError(ComponentError):
    """
    An error with the component's own HTTP status and error code, which the sidecar hands to the application.

    Source: dapr/dapr ``pkg/components/pluggable/errors.go``; honoured for state stores.
    """

    def __init__(
        self,
        message: str,
        *,
        code: Code = Code.INTERNAL,
        http_status: int = 500,
        error_code: str = "",
        reason: str = "",
        domain: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.http_status = http_status
        self.error_code = error_code
        self.reason = reason
        self.domain = domain


class RemoteError(ComponentError):
    """A failure of a component on a socket that has no name here: its status and text as they came."""

    def __init__(self, message: str, *, code: Code, details: bytes = b"") -> None:
        super().__init__(message)
        self.code = code
        self.details = details
