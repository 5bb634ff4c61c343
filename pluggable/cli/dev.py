"""``pluggable dev``: serve components, and start them again at every change; with an application too."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
import tempfile
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Never, TypeVar

from ..dev import Restarting
from ..launch import App, LaunchError, launch
from ..launch.resources import write_component
from .main import USAGE_STATUS
from .run import app_of, app_options, say
from .serve import BLOCKS

T = TypeVar("T")


def options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.usage = "pluggable dev [OPTIONS] TYPE=MODULE:CLASS … [-- COMMAND …]"
    app_options(parser)
    parser.add_argument(
        "--folder",
        type=Path,
        dest="sockets_folder",
        help="where the sockets go; default: $DAPR_COMPONENTS_SOCKETS_FOLDER, else a folder in /tmp",
    )
    parser.add_argument(
        "types",
        nargs="+",
        metavar="TYPE",
        help="what to serve, such as state.mine=package.module:Class; behind -- an application to run on it, "
        "with a sidecar, which has a component of the socket's name unless --resources-path says otherwise",
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve until a signal comes, or the application ends; return the exit code to leave with."""
    words, command = arguments.types, arguments.behind
    types = [word.partition("=")[0] for word in words]
    for type_ in types:
        block, _, name = type_.partition(".")
        if block not in BLOCKS or not name:
            sys.stderr.write(f"pluggable dev: {type_} is no type; wanted is one such as state.mine\n")
            return USAGE_STATUS
    folder = arguments.sockets_folder.absolute() if arguments.sockets_folder else ""
    child = [sys.executable, "-m", "pluggable.cli.devchild"]
    restarting = Restarting(
        lambda told, word: [*child, str(told), str(word), str(folder), *words], types, say=say
    )
    if not (command or arguments.resources_path or arguments.app_port):
        return asyncio.run(_developed(restarting, None))
    with _resources(types) as made:
        app = app_of(arguments, command)
        return asyncio.run(
            _developed(restarting, app if app.resources_paths else replace(app, resources_paths=(made,)))
        )


@contextlib.contextmanager
def _resources(types: Sequence[str]) -> Iterator[Path]:
    """Write a Component for each type: of the socket's name, and of its block's where that is not enough."""
    names = [type_.partition("/")[0].partition(".")[2] for type_ in types]
    with tempfile.TemporaryDirectory(prefix="pluggable-") as folder:
        for type_, name in zip(types, names, strict=True):
            block = type_.partition(".")[0]
            write_component(Path(folder), name if names.count(name) == 1 else f"{name}-{block}", type_)
        yield Path(folder)


async def _developed(restarting: Restarting, app: App | None) -> int:
    """Keep the component served while the application runs, or until a signal comes."""
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):  # while an application runs, its launch takes them
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    component = asyncio.create_task(restarting.run())
    try:
        if app is None:
            await component
            return 0
        await _until(restarting.serving.wait(), component)
        return await _until(launch([app], say=say), component)
    except asyncio.CancelledError:
        return 0
    except LaunchError as error:
        sys.stderr.write(f"pluggable dev: {error}\n")
        return 1
    finally:
        component.cancel()
        await asyncio.wait([component])


async def _until(what: Coroutine[Any, Any, T], component: asyncio.Task[Never]) -> T:
    """Wait for something as long as the component is looked after; should that fail, its error is raised."""
    task = asyncio.create_task(what)
    try:
        await asyncio.wait({task, component}, return_when=asyncio.FIRST_COMPLETED)
        return await task if task.done() else component.result()
    finally:
        task.cancel()
        await asyncio.wait([task])
