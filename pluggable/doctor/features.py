"""Whether the features that a component advertises go with the services that it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Final

from .._wire import names
from ..component import FEATURE_ORDER
from .asking import Socket
from .findings import Finding, fine, listed, note, warning

#: Features of a state store with the service that each needs.
_SERVICES: Final = {
    "TRANSACTIONAL": names.TRANSACTIONAL_STATE_STORE,
    "QUERY_API": names.QUERIABLE_STATE_STORE,
}


def check_features(
    socket: Socket, service: str, features: Sequence[str], *, settled: bool
) -> Iterator[Finding]:
    """Yield what is wrong with the features of one service, or what they are; Init ``settles`` them."""
    short = service.rpartition(".")[2]
    unknown = [each for each in features if each not in FEATURE_ORDER]
    for word in unknown:
        close = get_close_matches(word.upper(), FEATURE_ORDER, n=1, cutoff=0.5)
        yield warning(
            "feature-unknown",
            socket.path,
            f'{short} has the feature "{word}", which is none',
            daprd="shows it, and makes nothing of it",
            mend=f"did you mean {close[0]}?" if close else f"known are {', '.join(FEATURE_ORDER)}",
        )
    if service == names.STATE_STORE:
        yield from _claimed(socket, features)
        if settled:
            yield from _hidden(socket, features)
    if not unknown:
        yield fine("features", socket.path, f"{short} has features: {listed(features, at_most=20) or 'none'}")


def _claimed(socket: Socket, features: Sequence[str]) -> Iterator[Finding]:
    """See to features that need a service."""
    for feature, service in _SERVICES.items():
        if feature in features and service not in socket.services:
            short = service.rpartition(".")[2]
            yield warning(
                "feature-without-service",
                socket.path,
                f"StateStore has the feature {feature}, and the service {short} is not there",
                daprd="believes the feature, calls the service, and gets UNIMPLEMENTED",
                mend=f"register {service}, or leave the feature out",
            )


def _hidden(socket: Socket, features: Sequence[str]) -> Iterator[Finding]:
    """See to services that are of use with a feature only."""
    for feature, service in _SERVICES.items():
        if service in socket.services and feature not in features:
            short = service.rpartition(".")[2]
            yield note(
                "service-without-feature",
                socket.path,
                f"the service {short} is there, and StateStore does not have the feature {feature}",
                daprd="makes no transactions" if feature == "TRANSACTIONAL" else "queries all the same",
                mend=f"advertise {feature} if the store can do it",
            )
