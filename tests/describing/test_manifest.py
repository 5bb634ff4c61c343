from __future__ import annotations

import re
from pathlib import Path

import pytest

from pluggable import Component, Metadata
from pluggable.describing import FORMATS, describe
from pluggable.runtime import resources
from pluggable.runtime.resources.manifests import load_resources
from tests.describing.components import Settings, Silent, Store, Untold

#: A line of YAML that is commented out; prose has a blank after its sign.
COMMENTED = re.compile(r"^( *)#(?! )|^( *)#(?=  )", re.MULTILINE)


def written(type_: str, component: type[Component]) -> str:
    return FORMATS["component"](describe(type_, component))


def uncommented(text: str) -> str:
    return COMMENTED.sub(lambda found: found[1] or found[2] or "", text)


def loaded(folder: Path, text: str) -> resources.Component:
    (folder / "component.yaml").write_text(text)
    (found,) = load_resources([folder], app_id="shop").components
    return found


def test_required_settings_are_given(tmp_path: Path) -> None:
    found = loaded(tmp_path, written("state.keeper/v2", Store))

    assert (found.name, found.type, found.version) == ("statestore", "state.keeper", "v2")
    path, token = found.metadata
    assert (path.name, path.value) == ("path", "C:\\a|b: #1")
    assert (token.name, token.value) == ("token", None)
    assert (token.secret_name, token.secret_key) == ("token", "token")
    assert found.secret_store == "secretstore"


def test_optional_settings_are_one_sign_away(tmp_path: Path) -> None:
    found = loaded(tmp_path, uncommented(written("state.keeper", Store)))

    given = {item.name: item.value if item.secret_name is None else "hidden" for item in found.metadata}
    properties = describe("state.keeper", Store).properties or ()
    assert list(given) == [each.name for each in properties]
    settings = Metadata({name: value or "" for name, value in given.items()}).parse(Settings)
    assert (settings.retries, settings.limit, settings.label) == (3, 10, "null")


def test_what_is_commented_out_counts_for_nothing(tmp_path: Path) -> None:
    text = written("state.keeper", Store)

    assert "#- name: retries" in text
    assert '# How often, and "how" long.' in text
    assert [item.name for item in loaded(tmp_path, text).metadata] == ["path", "token"]


@pytest.mark.parametrize(
    ("type_", "component", "name"),
    [("bindings.bell", Silent, "bell"), ("bindings.front.door", Untold, "front-door")],
)
def test_component_without_settings_is_one(
    tmp_path: Path, type_: str, component: type[Component], name: str
) -> None:
    found = loaded(tmp_path, written(type_, component))

    assert (found.name, found.type, found.metadata, found.secret_store) == (name, type_, (), "")
