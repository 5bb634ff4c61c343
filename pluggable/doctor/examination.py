"""The whole examination, in a daprd's order: the environment, the folder, its sockets, the YAML."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import anyio

from ..sockets import DEFAULT_FOLDER, SocketsFolder
from . import clashes, folder, resources, variables
from .access import IMAGE_USER, WRITE, User
from .answers import check_answers, not_tried
from .asking import Socket, ask
from .findings import Finding, Report, listed, note
from .inits import Trial, attempt, trials

A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is to be looked at, and as whom."""

    environ: Mapping[str, str] = field(repr=False)
    """A daprd's; where it looks follows from it."""
    user: User
    folder: Path | None = None
    """Where to look all the same."""
    resources_paths: tuple[Path, ...] = ()
    app_id: str | None = None
    init: bool = False
    """Send an Init too, which a component at work may take amiss."""
    platform: str = sys.platform


async def examine(case: Case) -> Report:
    """Look at everything; a socket that does not answer holds up nothing but itself, and that for seconds."""
    findings = list(variables.check(case.environ, case.folder, case.platform))
    path = variables.folder_of(case.environ) if case.folder is None else case.folder
    sockets: list[Socket] = []
    if path is not None:
        explicit = case.folder is not None or path != DEFAULT_FOLDER
        look = folder.look(SocketsFolder(path.absolute(), explicit), case.user)
        findings += look.findings
        sockets, found = await _asked(look.sockets, case.user)
        findings += [*found, *clashes.check(sockets), *_for_image(look.sockets, case.user)]
    described, found = _described(case)
    findings += found
    if case.resources_paths:
        findings += resources.check(described, sockets, case.app_id)
    findings += await _tried(case, sockets, described)
    once = tuple(dict.fromkeys(findings))  # what is said before Init may be said after it again
    return Report(folder=str(path or ""), user=str(case.user), findings=once)


async def _asked(paths: Sequence[Path], user: User) -> tuple[list[Socket], list[Finding]]:
    """Ask all sockets at once, since a silent one takes its time."""

    async def one(path: Path) -> tuple[Socket, list[Finding]]:
        socket, findings = await ask(path, user)
        return socket, [*findings, *(await check_answers(socket) if socket.types else [])]

    answers = await _at_once(one, paths)
    return [socket for socket, _ in answers], [finding for _, found in answers for finding in found]


def _described(case: Case) -> tuple[resources.Described, list[Finding]]:
    try:
        return resources.read(case.resources_paths, case.app_id), []
    except ImportError as failure:
        missing = note(
            "yaml",
            listed(case.resources_paths),
            f"was not read, for {failure.name} is not installed",
            mend="pip install 'pluggable-components[runtime]'",
        )
        return resources.Described(), [missing] if case.resources_paths else []


async def _tried(case: Case, sockets: Sequence[Socket], described: resources.Described) -> list[Finding]:
    """Send Inits if that is asked for, and say so if not."""
    if not case.init:
        found = not_tried(sockets)
        return [found] if found else []
    to_do = list(trials(sockets, described.components, case.environ))
    findings = [each for each in to_do if isinstance(each, Finding)]
    results = await _at_once(attempt, [each for each in to_do if isinstance(each, Trial)])
    return [*findings, *(finding for found in results for finding in found)]


def _for_image(paths: Sequence[Path], user: User) -> list[Finding]:
    """Say which sockets are closed to a daprd in its own image, if that is not who was asked for."""
    if user.uid == IMAGE_USER.uid:
        return []
    closed = {path: obstacle for path in paths if (obstacle := IMAGE_USER.obstacle(path, WRITE))}
    if not closed:
        return []
    return [
        note(
            "image-user",
            listed(path.name for path in closed),
            f"{next(iter(closed.values()))}; this was judged as user {user.uid}",
            daprd=f"runs as {IMAGE_USER.uid} in its own image, and would hang on this there",
            mend=f"--as-user {IMAGE_USER.uid} judges as that one; "
            "`pluggable serve --folder` makes sockets for other users too",
        )
    ]


async def _at_once(do: Callable[[A], Awaitable[B]], each: Sequence[A]) -> list[B]:
    """Return the results in the order of what they are for."""
    results: dict[int, B] = {}

    async def one(number: int, what: A) -> None:
        results[number] = await do(what)

    async with anyio.create_task_group() as tasks:
        for number, what in enumerate(each):
            tasks.start_soon(one, number, what)
    return [results[number] for number in range(len(each))]
