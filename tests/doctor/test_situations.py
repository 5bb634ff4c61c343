"""Every situation is found, and a daprd's behaviour told, with all else in the folder as it should be."""

from __future__ import annotations

import os
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from pluggable.doctor.access import User
from pluggable.doctor.findings import Severity
from tests.doctor.conftest import Examined
from tests.doctor.situations import SITUATIONS, bound, component

#: What a finding says of a daprd, by the first word of what it does.
WORDS = {"hangs": "hangs", "disabled": "pluggable components", "ignores": "", "registers": ""}
#: At these a daprd goes on, with less than was meant.
HARMLESS = {"socket", "type-built-in", "file-no-socket", "folder-nested"}


@pytest.mark.parametrize("name", SITUATIONS)
async def test_situation_is_found(name: str, socket_folder: Path, examined: Examined) -> None:
    situation = SITUATIONS[name]
    os.chmod(socket_folder, 0o755)
    async with component(socket_folder / "good.sock"), situation.make(socket_folder):
        began = time.monotonic()
        report = await examined(user=situation.user or User.here())
        took = time.monotonic() - began

    findings = [each for each in report.findings if each.check == situation.check]
    assert findings, report.text()
    assert WORDS[situation.daprd.partition(" ")[0]] in findings[0].daprd
    assert report.usable is (situation.check in HARMLESS)
    assert took < 5


@pytest.mark.parametrize(
    "name", [name for name, each in SITUATIONS.items() if each.check != "folder-unreadable"]
)
async def test_good_component_is_found_beside(name: str, socket_folder: Path, examined: Examined) -> None:
    situation = SITUATIONS[name]
    os.chmod(socket_folder, 0o755)
    async with component(socket_folder / "good.sock"), situation.make(socket_folder):
        report = await examined(user=situation.user or User.here())

    good = [each for each in report.findings if each.where == str(socket_folder / "good.sock")]
    assert ("socket", Severity.OK) in {(each.check, each.severity) for each in good}
    assert "serves state.good" in good[0].found


@pytest.mark.slow
async def test_silent_sockets_are_asked_at_once(socket_folder: Path, examined: Examined) -> None:
    async with AsyncExitStack() as stack:
        for number in range(20):
            await stack.enter_async_context(bound(socket_folder / f"{number}.sock", listening=True))
        began = time.monotonic()
        report = await examined()
        took = time.monotonic() - began

    assert [each.check for each in report.findings].count("socket-silent") == 20
    assert took < 5
