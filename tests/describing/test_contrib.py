from __future__ import annotations

from typing import Any

import pytest
import yaml

from pluggable import Component
from pluggable.describing import FORMATS, describe
from tests.describing.components import Silent, Store, Untold
from tests.describing.schema import faults

COMPONENTS: dict[str, type[Component]] = {
    "state.keeper": Store,
    "bindings.bell": Silent,
    "bindings.untold": Untold,
}


def document(type_: str) -> Any:
    return yaml.safe_load(FORMATS["metadata"](describe(type_, COMPONENTS[type_])))


@pytest.mark.parametrize("type_", COMPONENTS)
def test_document_keeps_the_schema(type_: str) -> None:
    assert faults(document(type_)) == []


def test_component_is_told() -> None:
    found = document("state.keeper")

    assert {key: value for key, value in found.items() if isinstance(value, str)} == {
        "schemaVersion": "v1",
        "type": "state",
        "name": "keeper",
        "version": "v1",
        "status": "beta",
        "title": "Keeper",
        "description": "Keeps things, in `order` and for good.",
    }
    assert found["urls"] == [{"title": "Reference", "url": "https://example.org/keeper"}]
    assert found["capabilities"] == ["crud", "etag", "transactional", "actorStateStore"]


def test_property_is_told() -> None:
    found = {each["name"]: each for each in document("state.keeper")["metadata"]}

    assert found["path"] == {
        "name": "path",
        "type": "string",
        "required": True,
        "description": "Where it is; | is no separator. Also read as dir.",
        "example": "C:\\a|b: #1",
    }
    assert found["mode"]["allowedValues"] == ["fast", "yes"]
    assert found["timeout"]["default"] == "1m30s"
    assert found["label"]["example"] == "null"
    assert (found["limit"]["example"], found["wait"]["example"]) == ("10", "30s")


def test_properties_of_a_profile_are_told_there_only() -> None:
    found = document("state.keeper")
    (profile,) = found["authenticationProfiles"]

    assert [each["name"] for each in profile["metadata"]] == ["token", "secondToken"]
    assert all(each["sensitive"] for each in profile["metadata"])
    assert not {"token", "secondToken"} & {each["name"] for each in found["metadata"]}


def test_default_secret_stands_nowhere() -> None:
    for form in FORMATS.values():
        assert "changeme" not in form(describe("state.keeper", Store))


def test_binding_is_told() -> None:
    assert document("bindings.bell")["binding"] == {
        "input": True,
        "output": True,
        "operations": [
            {"name": "create", "description": "Rings."},
            {"name": "delete", "description": ""},
        ],
    }


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"status": "old"}, "status old is unknown"),
        ({"urls": None}, "component: urls is None, wanted list"),
        ({"more": "x"}, "component has more, which is not in the schema"),
        ({"binding": {"operations": []}}, "binding is for bindings, and needed there"),
        (
            {"metadata": [{"name": "a", "description": "", "example": 1}]},
            "property a: example is 1, wanted str",
        ),
        (
            {"metadata": [{"name": "a", "description": "", "example": "", "type": "int"}]},
            "property a has the type int",
        ),
    ],
)
def test_rules_find_what_is_wrong(change: dict[str, Any], fault: str) -> None:
    assert fault in faults(document("state.keeper") | change)
