"""Configuration stores on the wire."""

from __future__ import annotations

import pytest

from pluggable._proto.pluggable.components.v1alpha1 import configuration_pb2 as pb
from pluggable._wire import configuration as wire
from pluggable.configuration import Changes, GetRequest, Item, SubscribeRequest
from pluggable.metadata import Metadata

FULL = Item(value="größer", version="v1", metadata={"a": "b", "c": ""})


def test_init_comes_back() -> None:
    metadata = Metadata({"redisHost": "h", "empty": ""}, "settings")

    assert wire.init_request(wire.init_request_pb(metadata), "settings") == metadata


@pytest.mark.parametrize("given", [{}, {"keys": ("b", "a", ""), "metadata": {"label": "prod"}}])
def test_requests_come_back(given: dict[str, object]) -> None:
    get = GetRequest(**given)  # type: ignore[arg-type]  # of several kinds
    subscribe = SubscribeRequest(**given)  # type: ignore[arg-type]  # the same

    assert wire.get_request(wire.get_request_pb(get)) == get
    assert wire.subscribe_request(wire.subscribe_request_pb(subscribe)) == subscribe


def test_items_come_back() -> None:
    items = {"full": FULL, "": Item(value="")}

    assert wire.get_response(wire.get_response_pb(items)) == items
    assert wire.get_response(wire.get_response_pb({})) == {}


@pytest.mark.parametrize(
    "changes", [{}, {"a": FULL}, {"a": None}, {"a": Item(value=""), "b": None, "c": None}]
)
def test_changes_come_back(changes: Changes) -> None:
    data = wire.subscribe_response_pb(changes).SerializeToString()

    assert wire.subscribe_response(pb.SubscribeConfigurationResponse.FromString(data)) == changes


def test_key_that_is_said_to_be_both_is_gone() -> None:
    message = pb.SubscribeConfigurationResponse(items={"k": pb.ConfigurationItem(value="1")}, deleted=["k"])

    assert wire.subscribe_response(message) == {"k": None}
