"""What any call may meet, whatever its building block."""

from __future__ import annotations


class BlockError(Exception):
    """Any failure that an API of the sidecar tells its caller."""


class MalformedRequestError(BlockError):
    """The request cannot be read as what it should be."""


class NotOfferedError(BlockError):
    """A part of Dapr's API that this sidecar does not have."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is not offered by this sidecar yet")


class NotOpenError(BlockError):
    """A part of the API that the configuration keeps from the application."""

    def __init__(self) -> None:
        super().__init__(
            "requested endpoint is not available: spec.api of the configuration does not allow it"
        )


class UnauthenticatedError(BlockError):
    """The caller did not show the token that the sidecar was started with."""

    def __init__(self, *, shown: bool) -> None:
        found = "is not the sidecar's" if shown else "is missing"
        super().__init__(f"invalid api token: dapr-api-token {found}; send the value of DAPR_API_TOKEN")


class NotReadyError(BlockError):
    """The sidecar is up, but not yet what health means."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what} is not ready" + (f": {reason}" if reason else ""))


class OutboundNotReadyError(NotReadyError):
    """Components are still being loaded, so no call out can be made."""
