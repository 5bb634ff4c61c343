"""Commands that a profile names, for what no component can be asked to do."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Sequence

from .check import ViolationError


async def run(words: Sequence[str], **values: str) -> None:
    """
    Run a command, ``{name}`` in its words replaced by the value of that name, and wait for its end.

    Raises:
        ViolationError: it cannot be run, or fails; with what it said.
    """
    command = [_filled(word, values) for word in words]
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
    except OSError as error:
        raise ViolationError(
            f"{shlex.join(command)} cannot be run: {error}", "a command of the profile"
        ) from error
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        text = said.decode(errors="replace").strip()
        raise ViolationError(f"{shlex.join(command)} failed with {process.returncode}: {text}", "success")


def _filled(word: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        word = word.replace(f"{{{name}}}", value)
    return word
