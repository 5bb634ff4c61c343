"""File names that stay inside a folder, whatever dots and links they are made of."""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path
from typing import Final

#: As many links as Linux follows, several times over; what has more is a circle.
MOST_LINKS: Final = 255

#: Where no root may be: there is no data of an application, but much of the system's.
FORBIDDEN: Final = ("/proc", "/sys", "/boot", "/var/run/secrets")


def checked_root(name: str) -> Path:
    """
    Return the folder with its links resolved; it need not exist yet.

    Raises:
        ValueError: it cannot be used as a root.
    """
    root = Path(os.path.realpath(name))
    nearest = next(folder for folder in (root, *root.parents) if folder.exists())
    if not nearest.is_dir():
        raise ValueError(f"represents a file and not a directory: {nearest}")
    written = Path(os.path.abspath(name))
    for place in FORBIDDEN:
        if any(
            path.is_relative_to(folder)
            for path in (root, written)
            for folder in (place, os.path.realpath(place))
        ):
            raise ValueError(f"points to a disallowed location: nothing under {place} may be used")
    return root


def inside(root: Path, name: str) -> Path:
    """
    Return the path of a name as if ``root`` were ``/``: dots and links lead out of it nowhere.

    Raises:
        ValueError: its links go round in a circle, or it is no file name.
    """
    if "\0" in name:
        raise ValueError("it has a zero byte")
    pending, found, links = deque(name.split("/")), list[str](), 0
    while pending:
        part = pending.popleft()
        if part == "..":
            del found[-1:]
        elif part not in {"", "."}:
            try:
                target = os.readlink(root.joinpath(*found, part))
            except OSError:
                found.append(part)  # no link, or nothing yet
                continue
            if (links := links + 1) > MOST_LINKS:
                raise ValueError(f"it leads through more than {MOST_LINKS} links")
            if target.startswith("/"):
                found.clear()
            pending.extendleft(reversed(target.split("/")))
    return root.joinpath(*found)
