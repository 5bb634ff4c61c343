from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pluggable.runtime.resources import watching
from pluggable.runtime.resources.watching import Watch


class Told:
    """Counts what it is told, for who waits for it."""

    def __init__(self) -> None:
        self.times = 0
        self._news = asyncio.Event()

    def __call__(self) -> None:
        self.times += 1
        self._news.set()

    async def again(self) -> None:
        async with asyncio.timeout(10):
            await self._news.wait()
        self._news.clear()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(watching, "REST_SECONDS", 0.02)


@asynccontextmanager
async def watched(*paths: Path) -> AsyncIterator[Told]:
    told = Told()
    watch = Watch(paths, told)
    watch.look()
    task = asyncio.create_task(watch.watch())
    try:
        yield told
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def replace_in_place(file: Path) -> None:
    """Write a file of the same size in the place of another, as editors do."""
    successor = file.with_suffix(".new")
    successor.write_text("b")
    os.utime(successor, ns=(1, 1))
    os.utime(file, ns=(1, 1))
    successor.replace(file)


CHANGES: dict[str, Callable[[Path], object]] = {
    "a new file": lambda folder: (folder / "new.yaml").write_text("a"),
    "a file that is longer": lambda folder: (folder / "old.yml").write_text("longer"),
    "another file of the same size and time": lambda folder: replace_in_place(folder / "old.yml"),
    "a file that is gone": lambda folder: (folder / "old.yml").unlink(),
    "a file that is renamed": lambda folder: (folder / "old.yml").rename(folder / "other.yaml"),
    "a file that may not be read": lambda folder: (folder / "old.yml").chmod(0),
    "a link that leads elsewhere": lambda folder: relinked(folder / "link.yaml", folder / "old.yml"),
}


def relinked(link: Path, target: Path) -> None:
    link.unlink()
    link.symlink_to(target)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_change_is_told(tmp_path: Path, change: Callable[[Path], object]) -> None:
    (tmp_path / "old.yml").write_text("a")
    (tmp_path / "link.yaml").symlink_to(tmp_path / "nowhere")

    async with watched(tmp_path) as told:
        change(tmp_path)
        await told.again()


async def test_folder_that_goes_and_comes_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "resources"
    folder.mkdir()

    async with watched(folder) as told:
        folder.rmdir()
        await told.again()
        folder.mkdir()
        await told.again()


async def test_single_file_is_watched(tmp_path: Path) -> None:
    file = tmp_path / "one.conf"
    file.write_text("a")

    async with watched(file) as told:
        file.write_text("bb")
        await told.again()


async def test_other_files_are_no_concern(tmp_path: Path) -> None:
    async with watched(tmp_path) as told:
        (tmp_path / "secrets.json").write_text("{}")
        (tmp_path / "last.yaml").write_text("a")
        await told.again()

        assert told.times == 1


async def test_many_changes_in_a_row_are_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "REST_SECONDS", 0.5)
    file = tmp_path / "a.yaml"

    async with watched(tmp_path) as told:
        for size in range(20):
            file.write_text("x" * size)
            await asyncio.to_thread(file.stat)
        await told.again()

        assert told.times == 1


async def test_what_never_rests_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LONGEST_UNREST_SECONDS", 0.2)
    file = tmp_path / "a.yaml"

    async def restless() -> None:
        for size in range(1_000_000):
            await asyncio.to_thread(file.write_text, "x" * (size % 1000))

    async with watched(tmp_path) as told:
        writing = asyncio.create_task(restless())
        await told.again()
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
