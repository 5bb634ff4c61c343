"""Every bundled component passes the kit, with what it needs around it."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from pluggable.component import ENTRY_POINT_GROUP
from pluggable.conformance import Kit, Profile
from pluggable.pubsub import PublishRequest, PubSub
from pluggable.serving.endpoint import Endpoint
from pluggable.testing import Faults, connected, subscribed
from tests.conformance.cases import CASES
from tests.conformance.cases.case import Case
from tests.readme import write_files

BUNDLED = {
    point.name: point
    for point in entry_points(group=ENTRY_POINT_GROUP)
    if point.value.startswith("pluggable_servers.")
}


def test_every_bundled_component_has_a_case() -> None:
    classes = {type_: point.value for type_, point in BUNDLED.items()}  # one may have several names

    assert {classes[type_] for type_ in CASES} == set(classes.values())


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_bundled_component_passes_all_checks(
    case: Case, tmp_path: Path, socket_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = socket_folder / "mine.sock"
    async with case.around(tmp_path) as around:
        for name, value in around.environment.items():
            monkeypatch.setenv(name, value)
        profile = replace(around, address=f"unix:{path}")
        async with Endpoint("mine", BUNDLED[case.type].load(), path), Kit(profile) as kit:
            report = await kit.run_all()

    assert [(result.check.id, result.text) for result in report.failed] == []
    assert len(report.results) > 10


@pytest.mark.slow
@pytest.mark.parametrize("target", ["shelf:Shelf", "board:Board"])
async def test_component_of_the_readme_passes_all_checks(
    target: str, tmp_path: Path, socket_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    module, _, name = target.partition(":")
    path = socket_folder / "mine.sock"
    component = getattr(import_module(module), name)
    async with Endpoint("mine", component, path), Kit(Profile(address=f"unix:{path}")) as kit:
        report = await kit.run_all()

    assert [(result.check.id, result.text) for result in report.failed] == []


async def test_broker_of_the_readme_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    faults = Faults()
    kind: type[PubSub] = import_module("board").Board
    async with connected(kind, faults=faults) as board, subscribed(board, "orders", answer=None) as inbox:
        await board.publish(PublishRequest(topic="orders", data=b"1"))
        await inbox.next()
        await faults.cut_streams()

        assert (await inbox.next()).data == b"1"
