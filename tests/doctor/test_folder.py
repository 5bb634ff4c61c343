"""The folder: missing, empty, another's, or closed to daprd's user."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pluggable.doctor import folder
from pluggable.doctor.access import IMAGE_USER, User
from pluggable.doctor.findings import Severity
from pluggable.sockets import SocketsFolder
from tests.doctor.conftest import Examined, checks, found
from tests.doctor.situations import VARIABLE, bound, component

NOBODY = 65534


async def test_missing_folder_is_named(socket_folder: Path, examined: Examined) -> None:
    report = await examined({VARIABLE: str(socket_folder / "nowhere")})

    finding = found(report, "folder-missing")
    assert finding.where == str(socket_folder / "nowhere")
    assert "mount one volume" in finding.mend
    assert not report.usable


async def test_file_is_no_folder(socket_folder: Path, examined: Examined) -> None:
    (socket_folder / "file").touch()
    report = await examined({VARIABLE: str(socket_folder / "file")})

    assert "could not list pluggable components unix sockets" in found(report, "folder-no-folder").daprd


async def test_empty_folder_is_a_warning(examined: Examined) -> None:
    report = await examined()

    assert found(report, "folder-empty").severity is Severity.WARNING
    assert report.usable


async def test_long_path_is_named(socket_folder: Path, examined: Examined) -> None:
    deep = socket_folder / ("d" * 60) / ("e" * 60)
    os.makedirs(deep)
    async with bound(deep / "x.sock", listening=True):
        report = await examined({VARIABLE: str(deep)})

    finding = found(report, "socket-path")
    assert "at most 107 are possible" in finding.found
    assert "hangs" in finding.daprd


async def test_folders_on_the_way_count(socket_folder: Path, examined: Examined) -> None:
    os.mkdir(socket_folder / "inner")
    os.chmod(socket_folder, 0o750)
    async with component(socket_folder / "inner" / "x.sock"):
        report = await examined({VARIABLE: str(socket_folder / "inner")}, user=IMAGE_USER)

    assert f"cannot pass through {socket_folder}, of" in found(report, "folder-unreadable").found


async def test_group_opens_a_folder(socket_folder: Path, examined: Examined) -> None:
    os.chmod(socket_folder, 0o750)
    group = os.stat(socket_folder).st_gid
    async with component(socket_folder / "x.sock"):
        report = await examined(user=User.parse(f"65532:65532,{group}"))

    assert report.usable, report.text()


async def test_image_user_is_told_of(socket_folder: Path, examined: Examined) -> None:
    os.chmod(socket_folder, 0o700)
    async with component(socket_folder / "x.sock"):
        report = await examined(user=User.here())

    finding = found(report, "image-user")
    assert finding.where == "x.sock"
    assert "--as-user 65532" in finding.mend
    assert report.usable


async def test_staging_folders_are_ours(socket_folder: Path, examined: Examined) -> None:
    os.mkdir(socket_folder / ".bind-1234")
    async with component(socket_folder / ".bind-1234" / "s"), component(socket_folder / "x.sock"):
        report = await examined()

    assert "folder-nested" not in checks(report)


def test_default_folder_of_another_is_told_of(socket_folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    os.chown(socket_folder, NOBODY, NOBODY)
    try:
        look = folder.look(SocketsFolder(socket_folder, explicit=False), User.here())
    finally:
        os.chown(socket_folder, 0, 0)

    finding = {each.check: each for each in look.findings}["folder-owner"]
    assert f"belongs to user {NOBODY}" in finding.found
    assert "`pluggable run` takes nothing from it" in finding.daprd


def test_open_default_folder_is_told_of(socket_folder: Path) -> None:
    os.chmod(socket_folder, 0o777)
    look = folder.look(SocketsFolder(socket_folder, explicit=False), User.here())

    assert "mode 0777" in {each.check: each for each in look.findings}["folder-open"].found


@pytest.mark.parametrize("text", ["", "root", "65532:", "1:x", "-1", "1:2,"])
def test_nonsense_is_no_user(text: str) -> None:
    with pytest.raises(ValueError, match="is no user, wanted UID"):
        User.parse(text)


def test_user_has_the_group_of_its_number() -> None:
    assert User.parse("65532") == IMAGE_USER
    assert str(User.parse("1000:5,7")) == "1000:5,7"
