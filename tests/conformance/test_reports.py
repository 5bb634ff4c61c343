"""What the kit tells: on the command line, in files for other programs, and as pytest items."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pluggable.conformance import Kit, Profile
from pluggable.errors import InvalidRequestError, UnavailableError
from tests.conformance.broken.serving import Broken, serving
from tests.conformance.broken.stores import DeletesNothing
from tests.conformance.honest import Vault

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def socket() -> AsyncIterator[str]:
    """A store that breaks one rule."""
    async with serving(Broken(DeletesNothing)) as address:
        yield address.removeprefix("unix:")


async def said(*words: str, folder: Path) -> tuple[int, str]:
    """Run Python with these words, and return its exit code and all that it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *words,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([*filter(None, sys.path)])},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def test_command_reports_what_fails(socket: str, tmp_path: Path) -> None:
    files = "--junit", "report.xml", "--json", "report.json"
    code, output = await said(
        "-m", "pluggable.cli.main", "conformance", socket, "-k", "delet", *files, folder=tmp_path
    )

    assert code == 1
    assert "FAIL  state/deleted-key-is-gone\n      found a deleted key is answered with" in output
    assert "ok    state/deleting-a-missing-key-is-no-error" in output
    assert output.endswith("2 passed, 4 failed, 0 skipped\n"), output
    suite = ElementTree.parse(tmp_path / "report.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("6", "4")
    assert json.loads((tmp_path / "report.json").read_text())["summary"]["failed"] == 4


@pytest.mark.slow
async def test_pytest_has_an_item_for_each_check(socket: str, tmp_path: Path) -> None:
    plugin = () if "pluggable" in _plugins() else ("-p", "pluggable._pytest")
    code, output = await said(
        "-m", "pytest", *plugin, "-v", "--pluggable-socket", socket, "-k", "delet", folder=tmp_path
    )

    assert code == 1
    assert "::state/deleted-key-is-gone FAILED" in output
    assert "::state/deleting-a-missing-key-is-no-error PASSED" in output
    assert "rule: After a delete there is no value, and no ETag." in output
    assert "Traceback" not in output


async def test_pytest_says_why_there_is_nothing_to_check(tmp_path: Path) -> None:
    plugin = () if "pluggable" in _plugins() else ("-p", "pluggable._pytest")
    code, output = await said("-m", "pytest", *plugin, "--pluggable-socket", "none.sock", folder=tmp_path)

    assert code == 4
    assert "ERROR: --pluggable-socket: unix:" in output


async def test_unknown_block_is_named() -> None:
    async with serving(Broken(Vault)) as address:
        with pytest.raises(InvalidRequestError, match="spells is no block; known are state, "):
            await Kit(Profile(address=address, blocks=("spells",))).__aenter__()
        with pytest.raises(InvalidRequestError, match="serves no state, but dapr"):
            await Kit(Profile(address=address, blocks=("state",))).__aenter__()


async def test_nobody_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"none\.sock"):
        await Kit(Profile(address=f"unix:{tmp_path}/none.sock")).__aenter__()


def test_profile_names_what_it_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "profile.toml"
    path.write_text('tpic = "orders"\n')

    with pytest.raises(ValueError, match="has tpic; known are application, blocks, instance, keys, "):
        Profile.read(path, "unix:x")


def test_profile_is_read_from_toml(tmp_path: Path) -> None:
    path = tmp_path / "profile.toml"
    path.write_text('topic = "orders"\n[properties]\nredisDB = 3\n[operations.create]\ndata = "{}"\n')

    profile = Profile.given(tmp_path / "a.sock", file=path, words=["redisHost=h"])

    assert profile.topic == "orders"
    assert profile.properties == {"redisDB": "3", "redisHost": "h"}
    assert profile.operations == {"create": {"data": "{}"}}


def _plugins() -> set[str]:
    from importlib.metadata import entry_points

    return {point.name for point in entry_points(group="pytest11")}
