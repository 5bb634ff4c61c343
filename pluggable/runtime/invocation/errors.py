"""Why an application could not be called, with the facts."""

from __future__ import annotations

from ...transport import StatusError
from ..errors import BlockError
from ..gotext import go_name


class InvocationError(BlockError):
    """What the invocation of applications cannot do."""


class NoTargetError(InvocationError):
    """The request does not say which application."""

    def __init__(self) -> None:
        super().__init__("failed getting app id either from the URL path or the header dapr-app-id")


class InvokeError(InvocationError):
    """The application could not be called; one that answers an error was."""

    def __init__(self, app_id: str, reason: str) -> None:
        super().__init__(f"failed to invoke, id: {app_id}, err: {reason}")
        self.app_id = app_id
        self.reason = reason


class PeerError(InvokeError):
    """The sidecar that was asked could not call its application; ``cause`` is what it said."""

    def __init__(self, app_id: str, cause: StatusError) -> None:
        super().__init__(app_id, go_text(cause))
        self.cause = cause


class InvokeDeniedError(PeerError):
    """The other sidecar does not let this application call."""


def go_text(status: StatusError) -> str:
    """Return a status as Go's gRPC words it."""
    return f"rpc error: code = {go_name(status.code)} desc = {status.message}"
