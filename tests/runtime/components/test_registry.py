"""Which component types installed packages announce."""

from __future__ import annotations

from importlib.metadata import EntryPoint

from pluggable.component import ENTRY_POINT_GROUP
from pluggable.runtime.components.registry import Registry


def announced(*names: str) -> Registry:
    return Registry(EntryPoint(name, "mine:Mine", ENTRY_POINT_GROUP) for name in names)


def test_types_of_one_name_share_a_child() -> None:
    registry = announced("state.redis", "pubsub.redis", "state.sqlite")

    bundle = registry.bundle("state.redis", "v1")
    assert bundle is not None
    assert bundle.types == ("pubsub.redis", "state.redis")
    assert registry.bundle("pubsub.redis", "") is bundle
    assert registry.bundle("state.sqlite", "v1") is not bundle


def test_name_may_have_dots() -> None:
    bundle = announced("secretstores.local.file").bundle("secretstores.local.file", "v1")

    assert bundle is not None
    assert bundle.name == "local.file"


def test_case_of_types_does_not_count() -> None:
    assert announced("state.Redis").bundle("STATE.redis", "v1") is not None


def test_no_version_is_the_first() -> None:
    registry = announced("state.mine")

    assert registry.bundle("state.mine", "") is registry.bundle("state.mine", "v0")
    assert registry.bundle("state.mine", "v1") is not None
    assert registry.bundle("state.mine", "v2") is None


def test_versions_have_their_own_children() -> None:
    registry = announced("state.mine", "state.mine/v2")

    first, second = registry.bundle("state.mine", "v1"), registry.bundle("state.mine", "v2")
    assert first is not None
    assert second is not None
    assert (str(first), str(second)) == ("mine", "mine/v2")
    assert second.types == ("state.mine/v2",)


def test_types_are_listed_with_versions() -> None:
    assert announced("state.mine/v2", "state.mine").types() == ["state.mine", "state.mine/v2"]


def test_bundled_types_are_announced() -> None:
    assert {"state.sqlite", "pubsub.in-memory", "bindings.cron"} <= set(Registry().types())
