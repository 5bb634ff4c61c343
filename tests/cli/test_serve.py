"""``pluggable serve`` and ``pluggable list`` with real processes and real sockets."""

from __future__ import annotations

import json
import os
import signal
import socket
from pathlib import Path

import pytest

from pluggable import transport
from pluggable.cli.serve import load
from pluggable.serving.child import CannotLoadError
from pluggable_servers.memory.pubsub import InMemoryPubSub
from pluggable_servers.memory.state import InMemoryStateStore
from tests.cli.commands import Command, pluggable
from tests.cli.test_run import ask, component

SHELF = """
from pluggable import StateStore
from pluggable.state import GetResponse


class Shelf(StateStore):
    async def init(self, metadata):
        self.items = {}

    async def get(self, request):
        data = self.items.get(request.key)
        return None if data is None else GetResponse(data=data)

    async def set(self, request):
        self.items[request.key] = request.value

    async def delete(self, request):
        self.items.pop(request.key, None)
"""


async def listed(folder: Path) -> Command:
    """Run ``pluggable list`` to its end."""
    async with pluggable("list", "--folder", str(folder), cwd=folder) as command:
        await command.ended()
    return command


async def test_types_of_one_name_share_a_socket(socket_folder: Path) -> None:
    words = ["serve", "state.in-memory", "pubsub.in-memory", "--folder", "shared"]
    async with pluggable(*words, cwd=socket_folder) as serving:
        await serving.said("serving state.in-memory, pubsub.in-memory on")
        command = await listed(socket_folder / "shared")

        assert command.lines == ["in-memory.sock  pubsub.in-memory, state.in-memory"]
        assert command.process.returncode == 0
        assert await serving.ended(signal.SIGTERM) == 0
        assert list((socket_folder / "shared").iterdir()) == []


async def test_every_block_is_served_and_listed(socket_folder: Path) -> None:
    words = [
        "crypto.mine=tests.conformance.vault:KeyVault",
        "nameresolution.mine=tests.conformance.honest:Desk",
        "conversation.mine=tests.conformance.honest:Echo",
    ]
    async with pluggable("serve", *words, "--folder", "shared", cwd=socket_folder) as serving:
        await serving.said("serving crypto.mine, nameresolution.mine, conversation.mine on")
        command = await listed(socket_folder / "shared")

    assert command.lines == ["mine.sock  conversation.mine, crypto.mine, nameresolution.mine"]


@pytest.mark.slow
async def test_imported_class_serves_an_application(socket_folder: Path) -> None:
    (socket_folder / "shelf.py").write_text(SHELF)
    component(socket_folder / "resources", "shelf", "state.shelf")
    script = (
        f"{ask('/v1.0/state/shelf', json.dumps([{'key': 'k', 'value': 5}]))}; {ask('/v1.0/state/shelf/k')}"
    )
    async with pluggable("serve", "state.shelf=shelf:Shelf", cwd=socket_folder) as serving:
        await serving.said("serving state.shelf on", f"{socket_folder}/sockets/shelf.sock")
        words = ["run", "-d", "resources", "--", "sh", "-c", script]
        async with pluggable(*words, cwd=socket_folder) as run:
            assert await run.ended() == 0, run.log()
            await run.said("== APP == answer 5")


async def test_further_blocks_are_served_and_listed(socket_folder: Path) -> None:
    words = ["serve", "configuration.mine=tests.stores:Settings", "lock.mine=tests.stores:Locks"]
    async with pluggable(*words, "--folder", "shared", cwd=socket_folder) as serving:
        await serving.said("serving configuration.mine, lock.mine on")

        assert (await listed(socket_folder / "shared")).lines == ["mine.sock  configuration.mine, lock.mine"]


@pytest.mark.slow
async def test_served_name_is_refused(socket_folder: Path) -> None:
    async with pluggable("serve", "state.in-memory", cwd=socket_folder) as serving:
        await serving.said("serving")
        async with pluggable("serve", "state.in-memory", cwd=socket_folder) as other:
            assert await other.ended() == 1
            await other.said("pluggable serve: socket", "in-memory.sock is served by another process")


async def test_unknown_type_is_named(tmp_path: Path) -> None:
    async with pluggable("serve", "state.no-such", cwd=tmp_path) as command:
        assert await command.ended() == 1
        assert command.log().startswith(
            "pluggable serve: type state.no-such is not installed; installed are bindings."
        )


@pytest.mark.parametrize(
    ("word", "fault"),
    [
        ("in-memory", "in-memory is not a type; wanted is <block>.<name>"),
        ("drawer.mine=json:loads", "with a block of state, "),
        ("state.mine=json", "json is no class; wanted is package.module:Class"),
        ("state.mine=no_such_module:Class", "cannot be loaded from no_such_module:Class: No module named"),
        ("state.mine=state.no-such", "type state.no-such is not installed; installed are bindings."),
        ("state.mine=pubsub.in-memory", "pubsub.in-memory is no class; wanted is package.module:Class"),
        ("state.mine=json:NoSuch", "cannot be loaded from json:NoSuch: module 'json' has no attribute"),
        ("state.mine=json:JSONDecoder", "json:JSONDecoder is no subclass of StateStore"),
        ("bindings.mine=pluggable:StateStore", "is no subclass of InputBinding or OutputBinding"),
        ("crypto.mine=pluggable:StateStore", "is no subclass of SubtleCrypto"),
    ],
)
def test_word_that_is_no_type_is_explained(word: str, fault: str) -> None:
    with pytest.raises(CannotLoadError) as caught:
        load([word])

    assert fault in str(caught.value)


def test_names_bring_their_types_together() -> None:
    served = load(["state.in-memory", "pubsub.in-memory", "secretstores.local.env", "state.in-memory"])

    assert {name: len(classes) for name, classes in served.items()} == {"in-memory": 2, "local.env": 1}


def test_installed_type_is_served_under_another_name() -> None:
    served = load(["state.orders=state.in-memory", "pubsub.orders=pubsub.in-memory"])

    assert served == {"orders": [InMemoryStateStore, InMemoryPubSub]}


async def test_missing_folder_has_no_sockets(tmp_path: Path) -> None:
    async with pluggable("list", cwd=tmp_path) as command:
        assert await command.ended() == 0
        assert command.lines == [f"no sockets in {tmp_path}/sockets"]


@pytest.mark.slow
async def test_silent_socket_is_shown(socket_folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent, socket.socket(socket.AF_UNIX) as dead:
        silent.bind(os.fspath(socket_folder / "silent.sock"))
        silent.listen()
        dead.bind(os.fspath(socket_folder / "dead.sock"))
        command = await listed(socket_folder)

    assert command.process.returncode == 1
    assert [line.split()[0] for line in command.lines] == ["dead.sock", "silent.sock"]
    assert "does not answer" in command.lines[0]
    assert "does not answer" in command.lines[1]


async def test_socket_without_reflection_is_shown(socket_folder: Path) -> None:
    async with transport.server({}) as server:
        await server.listen(f"unix:{socket_folder}/other.sock")
        await server.start()
        command = await listed(socket_folder)

    assert command.process.returncode == 1
    assert "other.sock" in command.log()
    assert "cannot be asked what it serves" in command.log()


async def test_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    async with pluggable("list", "--folder", "file", cwd=tmp_path) as command:
        assert await command.ended() == 1
        assert command.log().startswith(f"pluggable list: {tmp_path}/file is not a folder")
