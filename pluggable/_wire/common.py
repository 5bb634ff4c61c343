"""Messages that all blocks share: metadata, features, ping; and what the other modules here build on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from .._proto.dapr.proto.components.v1 import common_pb2 as pb
from ..component import FEATURE_ORDER
from ..metadata import NO_METADATA, Metadata
from . import names


def metadata_request(message: pb.MetadataRequest, name: str = "") -> Metadata:
    """Return the properties of an Init; the component's name travels beside them, in a header."""
    return Metadata(dict(message.properties), name)


def metadata_request_pb(metadata: Metadata) -> pb.MetadataRequest:
    """Pack the properties for an Init."""
    return pb.MetadataRequest(properties=dict(metadata.properties))


def features_request_pb() -> pb.FeaturesRequest:
    """Pack the question which features a component has."""
    return pb.FeaturesRequest()


def features_response(message: pb.FeaturesResponse) -> tuple[str, ...]:
    """Return the features, in the component's order."""
    return tuple(message.features)


def features_response_pb(features: Iterable[str]) -> pb.FeaturesResponse:
    """Pack the features, without those that services of our own tell of."""
    further = names.FEATURE_OF_SERVICE.values()
    return pb.FeaturesResponse(features=[each for each in features if each not in further])


def with_services(features: Iterable[str], services: Collection[str]) -> tuple[str, ...]:
    """Return the features with those that services of our own tell of, which Features cannot claim."""
    further = names.FEATURE_OF_SERVICE
    found = [each for each in features if each not in further.values()]
    added = [feature for service, feature in further.items() if service in services]
    return tuple(sorted([*found, *added], key=_place)) if added else tuple(found)


def ping_request_pb() -> pb.PingRequest:
    """Pack a ping."""
    return pb.PingRequest()


def ping_response_pb() -> pb.PingResponse:
    """Pack the answer to a ping."""
    return pb.PingResponse()


def mapping(found: Mapping[str, str]) -> Mapping[str, str]:
    """Return a message's map as one that outlives the message."""
    return dict(found) if found else NO_METADATA


def _place(feature: str) -> int:
    return FEATURE_ORDER.index(feature) if feature in FEATURE_ORDER else len(FEATURE_ORDER)
