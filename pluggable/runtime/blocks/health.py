"""Whether the sidecar can be used: gates opened by who started the sidecar, looked at by probes."""

from __future__ import annotations

import asyncio

from ..errors import NotReadyError, OutboundNotReadyError


class Gate:
    """Shut with a reason, or open; who waits is told."""

    def __init__(self, reason: str) -> None:
        self.reason: str = reason
        self._opened = asyncio.Event()

    @property
    def opened(self) -> bool:
        """Whether what the gate stands for is there now."""
        return self._opened.is_set()

    def open(self) -> None:
        """Let everybody through."""
        self.reason = ""
        self._opened.set()

    def shut(self, reason: str) -> None:
        """Say what is missing; a gate that is shut already gets the new reason."""
        self.reason = reason
        self._opened.clear()

    async def wait(self) -> None:
        """Return once the gate is open."""
        await self._opened.wait()


class Health:
    """
    What ``/v1.0/healthz`` tells.

    ``outbound``: the components are loaded, calls out can be made. ``inbound``: subscriptions and everything
    else that calls the application is in place too.
    """

    def __init__(self) -> None:
        self.outbound: Gate = Gate("components are being loaded")
        self.inbound: Gate = Gate("subscriptions and bindings are being started")

    def check(self) -> None:
        """
        Return if everything is loaded.

        Raises:
            NotReadyError: something is not, and what.
        """
        for gate in (self.outbound, self.inbound):
            if not gate.opened:
                raise NotReadyError("dapr", gate.reason)

    def check_outbound(self) -> None:
        """
        Return if calls out can be made.

        Raises:
            OutboundNotReadyError: components are missing, and which.
        """
        if not self.outbound.opened:
            raise OutboundNotReadyError("dapr outbound", self.outbound.reason)
