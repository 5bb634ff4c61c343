"""Whether a state store's features, which Init tells, and its services, which reflection lists, agree."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from ..._wire import names
from ..check import check, expect
from ..target import Target
from .state import store

#: The services that a feature stands for.
SERVICES: Final = {
    "TRANSACTIONAL": names.TRANSACTIONAL_STATE_STORE,
    "QUERY_API": names.QUERIABLE_STATE_STORE,
}


@check("state")
async def claimed_features_are_served(target: Target) -> None:
    """A feature that is claimed has its service: whoever believes it meets UNIMPLEMENTED otherwise."""
    missing = [
        f"{feature} without {service}"
        for feature, service in SERVICES.items()
        if feature in _claims(target) and service not in target.services
    ]
    expect(not missing, found=", ".join(missing), wanted="the service, or not the feature")


@check("state")
async def served_features_are_claimed(target: Target) -> None:
    """A service that is listed is claimed as a feature, since the runtime asks features alone."""
    unclaimed = [
        f"{service} without {feature}"
        for feature, service in SERVICES.items()
        if service in target.services and feature not in _claims(target)
    ]
    expect(not unclaimed, found=", ".join(unclaimed), wanted="the feature, or not the service")


def _claims(target: Target) -> Collection[str]:
    return store(target).features
