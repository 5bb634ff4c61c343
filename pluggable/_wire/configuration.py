"""Configuration stores on the wire."""

from __future__ import annotations

from collections.abc import Mapping

from .._proto.pluggable.components.v1alpha1 import configuration_pb2 as pb
from ..configuration import Changes, GetRequest, Item, SubscribeRequest
from ..metadata import Metadata
from .common import mapping, metadata_request, metadata_request_pb


def init_request(message: pb.ConfigurationStoreInitRequest, name: str = "") -> Metadata:
    """Return what the component is configured with."""
    return metadata_request(message.metadata, name)


def init_request_pb(metadata: Metadata) -> pb.ConfigurationStoreInitRequest:
    """Pack what the component is configured with."""
    return pb.ConfigurationStoreInitRequest(metadata=metadata_request_pb(metadata))


def get_request(message: pb.GetConfigurationRequest) -> GetRequest:
    """Return which items are asked for."""
    return GetRequest(keys=tuple(message.keys), metadata=mapping(message.metadata))


def get_request_pb(request: GetRequest) -> pb.GetConfigurationRequest:
    """Pack which items are asked for."""
    return pb.GetConfigurationRequest(keys=request.keys, metadata=dict(request.metadata) or None)


def get_response(message: pb.GetConfigurationResponse) -> dict[str, Item]:
    """Return the items by key."""
    return {key: _item(each) for key, each in message.items.items()}


def get_response_pb(items: Mapping[str, Item]) -> pb.GetConfigurationResponse:
    """Pack the items."""
    return pb.GetConfigurationResponse(items={key: _item_pb(each) for key, each in items.items()})


def subscribe_request(message: pb.SubscribeConfigurationRequest) -> SubscribeRequest:
    """Return what is subscribed to."""
    return SubscribeRequest(keys=tuple(message.keys), metadata=mapping(message.metadata))


def subscribe_request_pb(request: SubscribeRequest) -> pb.SubscribeConfigurationRequest:
    """Pack what is subscribed to."""
    return pb.SubscribeConfigurationRequest(keys=request.keys, metadata=dict(request.metadata) or None)


def subscribe_response(message: pb.SubscribeConfigurationResponse) -> dict[str, Item | None]:
    """Return what changed, by key; ``None`` is gone."""
    return {**{key: _item(each) for key, each in message.items.items()}, **dict.fromkeys(message.deleted)}


def subscribe_response_pb(changes: Changes) -> pb.SubscribeConfigurationResponse:
    """Pack what changed."""
    return pb.SubscribeConfigurationResponse(
        items={key: _item_pb(item) for key, item in changes.items() if item is not None},
        deleted=[key for key, item in changes.items() if item is None],
    )


def _item(message: pb.ConfigurationItem) -> Item:
    return Item(value=message.value, version=message.version or None, metadata=mapping(message.metadata))


def _item_pb(item: Item) -> pb.ConfigurationItem:
    return pb.ConfigurationItem(
        value=item.value, version=item.version or "", metadata=dict(item.metadata) or None
    )
