from __future__ import annotations

from abc import ABC
from dataclasses import fields
from typing import ClassVar

import pytest

from pluggable import About, Metadata, PubSub
from pluggable.about import Authentication
from pluggable.describing import describe
from pluggable.pubsub import ExpiringMessages
from pluggable.state import Expiring, Queryable, QueryRequest, QueryResponse
from tests.describing.components import Settings, Silent, Store, Untold


class Everything(Store, Expiring, Queryable):
    """More."""

    async def query(self, request: QueryRequest) -> QueryResponse:  # noqa: ARG002  it finds nothing
        return QueryResponse(items=())


class Broker(PubSub, ExpiringMessages, ABC):
    """One that is not finished is told of all the same."""


def test_docstring_is_the_summary() -> None:
    assert describe("state.keeper", Store).summary == "Keeps things, in `order` and for good."
    assert describe("bindings.bell", Silent).summary == ""
    assert describe("state.more", Everything).summary == "More."


def test_version_follows_the_type() -> None:
    found = describe("state.keeper/v2", Store)

    assert (found.type, found.version, found.block, found.name) == ("state.keeper", "v2", "state", "keeper")
    assert describe("state.keeper", Store).version == "v1"


def test_capabilities_follow_from_the_bases() -> None:
    assert describe("state.keeper", Store).capabilities == (
        "crud",
        "etag",
        "transactional",
        "actorStateStore",
    )
    assert set(describe("state.more", Everything).capabilities) >= {"query", "ttl"}
    assert describe("pubsub.broker", Broker).capabilities == ("ttl",)
    assert describe("bindings.bell", Silent).capabilities == ()


def test_directions_and_operations_of_a_binding_are_told() -> None:
    found = describe("bindings.bell", Silent)

    assert (found.input, found.output) == (True, True)
    assert found.operations == (("create", "Rings."), ("delete", ""))
    assert describe("bindings.untold", Untold).operations == ()


def test_no_settings_differ_from_untold_ones() -> None:
    assert describe("bindings.bell", Silent).properties == ()
    assert describe("bindings.untold", Untold).properties is None


def test_title_defaults_to_the_name() -> None:
    assert describe("bindings.front.door", Untold).title == "front.door"


def test_properties_are_told_as_they_are_read() -> None:
    found = {each.name: each for each in describe("state.keeper", Store).properties or ()}

    assert list(found)[:3] == ["path", "token", "secondToken"]
    assert len(found) == len(fields(Settings)) - 1, "what init does not take is no property"
    assert {name for name, each in found.items() if each.required} == {"path", "token"}
    assert {name: each.default for name, each in found.items() if each.default is not None} == {
        "retries": "3",
        "ratio": "0.10000000000000001",
        "enableTLS": "true",
        "timeout": "1m30s",
        "largest": "4Mi",
        "order": "newest first",
        "hosts": "a:1,b:2",
        "made": "x",
    }
    assert found["mode"].choices == ("fast", "yes")
    assert [found[name].kind for name in ("path", "limit", "enableTLS", "wait", "largest", "hosts")] == [
        "string",
        "number",
        "bool",
        "duration",
        "bytesize",
        "string",
    ]


def test_defaults_read_as_what_they_are() -> None:
    needed = {"path": "p", "token": "t"}
    found = describe("state.keeper", Store).properties or ()
    written = {each.name: each.default for each in found if each.default is not None}

    assert Metadata({**needed, **written}).parse(Settings) == Metadata(needed).parse(Settings)


def test_default_secret_is_not_told() -> None:
    found = {each.name: each for each in describe("state.keeper", Store).properties or ()}

    assert found["secondToken"].default is None


def test_authentication_with_unknown_property_is_refused() -> None:
    class Wrong(Untold):
        about: ClassVar[About] = About(
            settings=Settings,
            authentication=(Authentication(title="By key", description="", properties=("token", "key")),),
        )

    with pytest.raises(TypeError, match='"By key" names key, wanted some of its settings: enableTLS'):
        describe("bindings.wrong", Wrong)


def test_settings_that_are_no_dataclass_are_refused() -> None:
    class Wrong(Untold):
        about: ClassVar[About] = About(settings=int)

    with pytest.raises(TypeError, match="int is not a dataclass"):
        describe("bindings.wrong", Wrong)
