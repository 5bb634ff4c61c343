"""What stands for a component here: one part, or for a binding one for each direction in use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .. import remote
from ..errors import ComponentError
from . import resources
from .blocks.properties import property_of

#: What stands for a component of each block that is offered.
REMOTES: Mapping[str, tuple[type[remote.RemoteComponent], ...]] = {
    "secretstores": (remote.RemoteSecretStore,),
    "state": (remote.RemoteStateStore,),
    "pubsub": (remote.RemotePubSub,),
    "bindings": (remote.RemoteInputBinding, remote.RemoteOutputBinding),
}
DIRECTION: Mapping[type[remote.RemoteComponent], str] = {
    remote.RemoteInputBinding: "input",
    remote.RemoteOutputBinding: "output",
}
BOTH_DIRECTIONS = frozenset(DIRECTION.values())


async def kinds_in_use(
    spec: resources.Component, address: str, properties: Mapping[str, str]
) -> Sequence[type[remote.RemoteComponent]]:
    """
    Return the parts of a component at an address.

    Raises:
        ComponentError: a binding serves no direction that is in use, or did not say which it serves.
    """
    kinds = REMOTES[spec.block]
    if spec.block != "bindings":
        return kinds
    served = await remote.list_services(address, spec.init_timeout_seconds)
    wanted = directions(properties)
    if used := [kind for kind in kinds if kind.service in served and DIRECTION[kind] in wanted]:
        return used
    raise ComponentError(f"{address} serves no binding in direction {' or '.join(sorted(wanted))}")


def directions(properties: Mapping[str, str]) -> frozenset[str]:
    """Return the directions that a binding is used in: those it names, or both (dapr: ``binding.go``)."""
    return named_directions(properties) or BOTH_DIRECTIONS


def named_directions(properties: Mapping[str, str]) -> frozenset[str]:
    """Return the directions that a binding's ``direction`` names; none without it."""
    named = property_of(properties, "direction").split(",")
    return frozenset(word.strip().lower() for word in named if word.strip())
