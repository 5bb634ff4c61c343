from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from pluggable.sockets import DEFAULT_FOLDER, SocketError, SocketsFolder, check_length, sockets_folder

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")


def test_variables_count_in_order() -> None:
    environ = {
        "DAPR_COMPONENT_SOCKET_FOLDER": "/c",
        "DAPR_COMPONENT_SOCKETS_FOLDER": "/b",
        "DAPR_COMPONENTS_SOCKETS_FOLDER": "/a",
    }

    found = []
    while environ:
        found.append(sockets_folder(environ))
        environ.popitem()
    assert found == [Path("/a"), Path("/b"), Path("/c")]


def test_default_is_daprds_folder() -> None:
    assert SocketsFolder.find(environ={}) == SocketsFolder(DEFAULT_FOLDER, explicit=False)
    assert SocketsFolder.find(environ={"DAPR_COMPONENTS_SOCKETS_FOLDER": ""}).path == DEFAULT_FOLDER


def test_named_default_is_explicit() -> None:
    environ = {"DAPR_COMPONENT_SOCKETS_FOLDER": str(DEFAULT_FOLDER)}

    assert SocketsFolder.find(environ=environ) == SocketsFolder(DEFAULT_FOLDER, explicit=True)


def test_argument_wins_over_variables(tmp_path: Path) -> None:
    assert SocketsFolder.find(tmp_path, environ={"DAPR_COMPONENTS_SOCKETS_FOLDER": "/a"}).path == tmp_path


def test_default_folder_is_made_private(tmp_path: Path) -> None:
    folder = SocketsFolder.find(environ={}, default=tmp_path / "sockets")
    folder.make()

    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert folder.socket_mode == 0o600


def test_explicit_folder_is_open_to_others(tmp_path: Path) -> None:
    folder = SocketsFolder.find(tmp_path / "deep" / "sockets")
    folder.make()

    assert folder.path.is_dir()
    assert folder.socket_mode == 0o666


@as_root
def test_foreign_default_folder_is_refused(tmp_path: Path) -> None:
    tmp_path = tmp_path / "sockets"
    tmp_path.mkdir()
    os.chown(tmp_path, 12345, -1)

    with pytest.raises(SocketError, match=r"belongs to user 12345, wanted is user 0 or root"):
        SocketsFolder.find(environ={}, default=tmp_path).make()
    SocketsFolder.find(tmp_path).make()


@as_root
def test_foreign_socket_in_default_folder_is_refused(socket_folder: Path) -> None:
    path = socket_folder / "mine.sock"
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))
    os.chown(path, 12345, -1)

    with pytest.raises(SocketError, match=r"mine\.sock belongs to user 12345"):
        SocketsFolder(socket_folder, explicit=False).check_socket(path)
    SocketsFolder(socket_folder, explicit=True).check_socket(path)


def test_link_is_no_default_folder(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")

    with pytest.raises(SocketError, match="link is not a folder"):
        SocketsFolder(tmp_path / "link", explicit=False).make()


def test_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(SocketError, match="file cannot be made: File exists"):
        SocketsFolder(tmp_path / "file", explicit=True).make()


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "a b", "-a", "ä", "a\0"])
def test_such_names_are_refused(name: str) -> None:
    with pytest.raises(SocketError, match="is no name for a socket"):
        SocketsFolder(Path("/a"), explicit=True).socket(name)


def test_name_becomes_a_file() -> None:
    assert SocketsFolder(Path("/a"), explicit=True).socket("in-memory.v2") == Path("/a/in-memory.v2.sock")


def test_long_path_is_refused() -> None:
    with pytest.raises(SocketError, match=r"has 2\d\d bytes, at most 1\d\d are possible"):
        SocketsFolder(Path("/" + "a" * 200), explicit=True).socket("mine")


def test_path_length_counts_bytes() -> None:
    with pytest.raises(SocketError, match="has 121 bytes"):
        check_length(Path("/" + "ä" * 60))
