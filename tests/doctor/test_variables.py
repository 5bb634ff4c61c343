"""The variables for the folder: which one a daprd reads, and what the others come to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pluggable.doctor.findings import Severity
from pluggable.doctor.variables import check, folder_of
from pluggable.sockets import DEFAULT_FOLDER, FOLDER_VARIABLES
from tests.doctor.conftest import Examined, checks, found
from tests.doctor.situations import VARIABLE, component

SINGULAR, SDKS = FOLDER_VARIABLES[1:]


def test_without_a_variable_it_is_the_default() -> None:
    assert folder_of({}) == DEFAULT_FOLDER


async def test_singular_variable_alone_is_not_read(socket_folder: Path, examined: Examined) -> None:
    async with component(socket_folder / "theirs.sock"):
        report = await examined({SINGULAR: str(socket_folder)})

    finding = found(report, "variable-not-read")
    assert report.folder == str(DEFAULT_FOLDER)
    assert finding.where == f"${SINGULAR}"
    assert f"is {socket_folder}" in finding.found
    assert "there are theirs.sock" in finding.found
    assert f"looks in {DEFAULT_FOLDER}" in finding.daprd
    assert f'dapr.io/env: "{VARIABLE}={socket_folder}"' in finding.mend
    assert finding.severity is Severity.ERROR


async def test_variables_that_differ_are_named(socket_folder: Path, examined: Examined) -> None:
    other = socket_folder / "other"
    report = await examined({VARIABLE: str(socket_folder), SDKS: str(other)})

    finding = found(report, "variable-not-read")
    assert f"is {other}" in finding.found
    assert f"looks in {socket_folder}" in finding.daprd


async def test_variables_that_agree_are_right(socket_folder: Path, examined: Examined) -> None:
    folder = str(socket_folder)
    async with component(socket_folder / "good.sock"):
        report = await examined({VARIABLE: folder, SINGULAR: folder, SDKS: f"{folder}/"})

    assert "variable-not-read" not in checks(report)
    assert report.usable


async def test_singular_variable_may_name_the_default() -> None:
    assert "variable-not-read" not in {
        each.check for each in check({SINGULAR: str(DEFAULT_FOLDER)}, None, "linux")
    }


async def test_empty_variable_finds_nothing(examined: Examined) -> None:
    report = await examined({VARIABLE: ""})

    assert found(report, "variable-empty").severity is Severity.ERROR
    assert report.folder == ""
    assert not report.usable


async def test_relative_folder_is_no_folder(
    socket_folder: Path, examined: Examined, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(socket_folder.parent)
    report = await examined({VARIABLE: socket_folder.name})

    finding = found(report, "variable-relative")
    assert "disables ALL pluggable components" in finding.daprd
    assert f"name the whole path: {os.getcwd()}/{socket_folder.name}" == finding.mend


async def test_named_folder_may_be_another_than_the_variables(
    socket_folder: Path, examined: Examined
) -> None:
    async with component(socket_folder / "good.sock"):
        report = await examined({VARIABLE: "/elsewhere"}, folder=socket_folder)

    assert found(report, "variable-differs").severity is Severity.WARNING
    assert report.folder == str(socket_folder)
    assert report.usable


async def test_named_folder_needs_the_variable(socket_folder: Path, examined: Examined) -> None:
    report = await examined({}, folder=socket_folder)

    assert found(report, "variable-unset").mend == f"start daprd with {VARIABLE}={socket_folder}"


async def test_folder_of_temporary_files_is_another(socket_folder: Path, examined: Examined) -> None:
    folder = socket_folder / DEFAULT_FOLDER.name
    os.mkdir(folder)
    async with component(folder / "theirs.sock"):
        report = await examined({VARIABLE: str(socket_folder / "shared"), "TMPDIR": str(socket_folder)})

    finding = found(report, "folder-temporary")
    assert finding.where == str(folder)
    assert "there are theirs.sock" in finding.found


def test_windows_has_no_components() -> None:
    assert "WSL" in {each.check: each for each in check({}, None, "win32")}["platform"].mend


def test_sockets_do_not_cross_into_a_container_on_macos() -> None:
    assert {each.check: each for each in check({}, None, "darwin")}["platform"].severity is Severity.NOTE
