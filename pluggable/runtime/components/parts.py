"""What stands for a component here: one part, or for a binding one for each direction in use."""

from __future__ import annotations

from collections.abc import Mapping

from ... import remote
from ...errors import ComponentError
from .. import resources
from ..blocks.properties import property_of

#: What stands for a component of each block that is offered, by name: one's messages load with its first use.
REMOTES: Mapping[str, Mapping[str, str]] = {
    "secretstores": {"secretstores": "RemoteSecretStore"},
    "state": {"state": "RemoteStateStore"},
    "pubsub": {"pubsub": "RemotePubSub"},
    "bindings": {"input": "RemoteInputBinding", "output": "RemoteOutputBinding"},
    "configuration": {"configuration": "RemoteConfigurationStore"},
    "lock": {"lock": "RemoteLockStore"},
    "crypto": {"crypto": "RemoteSubtleCrypto"},
    "conversation": {"conversation": "RemoteConversation"},
}
BOTH_DIRECTIONS = frozenset(REMOTES["bindings"])


async def kinds_in_use(
    spec: resources.Component, address: str, properties: Mapping[str, str]
) -> Mapping[str, type[remote.RemoteComponent]]:
    """
    Return the parts of a component at an address, by the kind that each is: its block, or its direction.

    Raises:
        ComponentError: a binding serves no direction that is in use, or did not say which it serves.
    """
    kinds = {kind: getattr(remote, name) for kind, name in REMOTES[spec.block].items()}
    if spec.block != "bindings":
        return kinds
    served = await remote.list_services(address, spec.init_timeout_seconds)
    wanted = directions(properties)
    if used := {kind: part for kind, part in kinds.items() if part.service in served and kind in wanted}:
        return used
    raise ComponentError(f"{address} serves no binding in direction {' or '.join(sorted(wanted))}")


def directions(properties: Mapping[str, str]) -> frozenset[str]:
    """Return the directions that a binding is used in: those it names, or both (dapr: ``binding.go``)."""
    return named_directions(properties) or BOTH_DIRECTIONS


def named_directions(properties: Mapping[str, str]) -> frozenset[str]:
    """Return the directions that a binding's ``direction`` names; none without it."""
    named = property_of(properties, "direction").split(",")
    return frozenset(word.strip().lower() for word in named if word.strip())
