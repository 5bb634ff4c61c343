"""Actors, as far as a sidecar without them goes: how their runtime is, and why a call for one fails."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from ..config import RuntimeConfig
from ..errors import NotOfferedError
from ..errors.controlplane import NoPlacementError

logger: logging.Logger = logging.getLogger(__name__)

DISCONNECTED = "placement: disconnected"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorRuntime:
    """How the runtime of actors is, in the words of the metadata API."""

    status: str
    """``INITIALIZING``, ``DISABLED`` or ``RUNNING``."""
    placement: str = ""
    """How the connection to the placement service is; empty before there is anything to say."""
    hosted: Sequence[str] = ()
    """The types that the application hosts; none of them is ever active here."""


class Actors:
    """
    Actors and workflows; both need a placement service.

    Where one is configured the application's types are told, as daprd does that cannot reach it; calls are
    refused either way.
    """

    def __init__(self, config: RuntimeConfig) -> None:
        self._placed = bool(config.placement_addresses)
        self._hosted: Sequence[str] | None = None
        if not self._placed:
            logger.info(
                "Actor runtime disabled: placement service is not configured. "
                "Actors and Workflow APIs will be unavailable"
            )
        else:
            logger.warning("placement-host-address is set, but actors and workflows are not offered yet")

    def host(self, types: Sequence[str]) -> None:
        """Take note of the types that the application hosts, once it has said."""
        self._hosted = types

    def describe(self) -> ActorRuntime:
        """Return how the runtime is now."""
        if not self._placed:
            return ActorRuntime(status="DISABLED", placement=DISCONNECTED)
        if self._hosted is None:
            return ActorRuntime(status="INITIALIZING")
        return ActorRuntime(status="RUNNING", placement=DISCONNECTED, hosted=self._hosted)

    def refuse(self, what: str) -> NoReturn:
        """
        Say why a call for ``what`` cannot be answered.

        Raises:
            NoPlacementError: there is no placement service.
            NotOfferedError: there is one, and yet no actors.
        """
        if not self._placed:
            raise NoPlacementError
        raise NotOfferedError(what)
