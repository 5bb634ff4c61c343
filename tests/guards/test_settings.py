"""The bundled components' settings: told in full, and told truly."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from pluggable import Component, Metadata
from pluggable.cli.serve import named
from pluggable.describing import FORMATS, Description, describe
from pluggable.describing.description import example_of
from tests.describing.schema import faults

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TYPES = list(PROJECT["entry-points"]["pluggable.components"])


class Parsed(Exception):  # noqa: N818  an answer, by the shortest way out
    """What ``init`` wanted its metadata parsed into."""


@dataclass(frozen=True, slots=True)
class Asked(Metadata):
    """Metadata that tells what it is to be parsed into."""

    def parse(self, cls: type[Any]) -> Any:
        raise Parsed(cls)


def described(type_: str) -> Description:
    return describe(*named(type_))


def component(type_: str) -> type[Component]:
    return named(type_)[1]


@pytest.mark.parametrize("type_", TYPES)
def test_every_setting_is_explained_by_a_sentence(type_: str) -> None:
    properties = described(type_).properties

    assert properties is not None, "about says which dataclass the settings are, or that there are none"
    assert [
        each.name for each in properties if each.description[:1].islower() or each.description[-1:] != "."
    ] == []


@pytest.mark.parametrize("type_", TYPES)
def test_every_operation_is_explained_by_a_sentence(type_: str) -> None:
    assert [name for name, said in described(type_).operations if said[-1:] != "."] == []


@pytest.mark.parametrize("type_", TYPES)
def test_nothing_is_left_to_guess(type_: str) -> None:
    found = described(type_)

    assert found.summary
    assert found.url.startswith("https://docs.dapr.io/reference/components-reference/")
    assert [each.name for each in found.properties or () if each.required and not each.example] == []


@pytest.mark.parametrize("type_", TYPES)
def test_metadata_yaml_is_one_contrib_would_take(type_: str) -> None:
    assert faults(yaml.safe_load(FORMATS["metadata"](described(type_)))) == []


@pytest.mark.parametrize("type_", TYPES)
def test_each_example_is_a_value(type_: str) -> None:
    for each in described(type_).properties or ():
        each.reader.parse(example_of(each))


@pytest.mark.parametrize("type_", TYPES)
def test_required_settings_with_their_examples_are_enough(type_: str) -> None:
    about = component(type_).about
    settings = about.settings
    if settings is None:
        return
    properties = described(type_).properties or ()
    ways = about.authentication[:1]  # who has several ways to connect requires none
    wanted = {name for way in ways for name in way.properties}
    given = {each.name: example_of(each) for each in properties if each.required or each.name in wanted}
    given |= {"consumerID": "shop"} if type_.startswith("pubsub.") else {}  # as the sidecar does

    assert isinstance(Metadata(given).parse(settings), settings)


@pytest.mark.parametrize("type_", TYPES)
async def test_settings_told_are_those_parsed(type_: str) -> None:
    made: Callable[[], Component] = component(type_)
    wanted = component(type_).about.settings
    if wanted is None:
        await _opened_and_closed(made())
        return
    with pytest.raises(Parsed) as caught:
        await made().init(Asked())

    assert caught.value.args == (wanted,)


async def _opened_and_closed(found: Component) -> None:
    await found.init(Asked())
    await found.close()
