"""The folder as a daprd reads it: whether it can, what it takes for sockets and what it leaves out."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..runtime.components.discovery import sockets
from ..serving.socket import STAGING_PREFIX
from ..sockets import SocketError, SocketsFolder
from .access import READ, SEARCH, User
from .findings import Finding, error, listed, warning


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look at the folder gave."""

    findings: tuple[Finding, ...]
    sockets: tuple[Path, ...] = ()


def look(folder: SocketsFolder, user: User) -> Look:
    """Return the sockets in the folder, in daprd's order, and what else is to be said of it."""
    path = folder.path
    if found := _unusable(path, user):
        return Look(findings=(found,))
    entries = sorted(os.scandir(path), key=lambda entry: entry.name)
    findings = [*_owner(folder), *(found for entry in entries for found in _entry(entry))]
    sockets_here = tuple(sockets(path))
    if not sockets_here:
        findings.append(
            warning(
                "folder-empty",
                path,
                "has no sockets",
                daprd="has no pluggable components; it looks at its start, and does not find who comes later",
                mend="start the component before daprd, and let both see the same folder",
            )
        )
    return Look(findings=tuple(findings), sockets=sockets_here)


def _unusable(path: Path, user: User) -> Finding | None:
    """Return why nothing in the folder can be looked at."""
    try:
        about = path.stat()
    except FileNotFoundError:
        return error(
            "folder-missing",
            path,
            "there is no such folder",
            daprd="takes it for an empty one, and says nothing",
            mend="start a component that makes it; in containers, mount one volume there for all of them",
        )
    except OSError as failure:
        return _unreadable(path, f"cannot be looked at: {failure.strerror or failure}")
    if not stat.S_ISDIR(about.st_mode):
        return error(
            "folder-no-folder",
            path,
            "is a file, and no folder",
            daprd='says "could not list pluggable components unix sockets", and has none',
            mend="remove the file, or name another folder",
        )
    if obstacle := user.obstacle(path, SEARCH, READ):
        return _unreadable(path, obstacle)
    if not os.access(path, os.R_OK | os.X_OK):
        return error(
            "folder-unknown",
            path,
            "you cannot read it, so nothing more is known",
            daprd="may be able to",
            mend=f"run this as user {user.uid}, or as root",
        )
    return None


def _unreadable(path: Path, found: str) -> Finding:
    return error(
        "folder-unreadable",
        path,
        found,
        daprd='says "could not initialize pluggable components", and has none',
        mend="let daprd's user read the folder and pass to it: chmod o+rx, or share a group (fsGroup)",
    )


def _owner(folder: SocketsFolder) -> Iterator[Finding]:
    """See who else could put components into the folder."""
    try:
        folder.check()
    except SocketError as refusal:
        yield warning(
            "folder-owner",
            folder.path,
            str(refusal),
            daprd="takes whatever is there; `pluggable run` takes nothing from it",
            mend="remove the folder, or name one that is yours",
        )
    about = folder.path.stat()
    if not folder.explicit and about.st_mode & stat.S_IWOTH and not about.st_mode & stat.S_ISVTX:
        yield warning(
            "folder-open",
            folder.path,
            f"mode {stat.S_IMODE(about.st_mode):04o} lets every user of this machine put components there",
            daprd="registers whatever answers, in place of a built-in type of that name too",
            mend="chmod 0700, or a folder that daprd's and the components' users share alone",
        )


def _entry(entry: os.DirEntry[str]) -> Iterator[Finding]:
    """See to what is in the folder and is no socket."""
    if entry.is_symlink():
        yield from _link(Path(entry.path))
    elif entry.is_dir():
        if not entry.name.startswith(STAGING_PREFIX) and (inside := _sockets_in(Path(entry.path))):
            yield warning(
                "folder-nested",
                entry.path,
                f"is a folder with sockets in it: {listed(path.name for path in inside)}",
                daprd="does not look into folders",
                mend=f"move them up into {Path(entry.path).parent}",
            )
    elif not Path(entry.path).is_socket() and Path(entry.path).exists():  # it may have gone meanwhile
        yield warning(
            "file-no-socket",
            entry.path,
            "is no socket",
            daprd='says "could not use socket for file"; should it vanish while daprd looks, '
            "ALL pluggable components are disabled",
            mend="keep nothing but sockets in the folder",
        )


def _link(path: Path) -> Iterator[Finding]:
    if path.is_socket():
        yield error(
            "file-link",
            path,
            f"is a link to the socket {path.resolve()}",
            daprd='does not follow links, and says "could not use socket for file"',
            mend="let the component bind its socket here",
        )
    else:
        yield warning(
            "file-no-socket",
            path,
            "is a link, and to no socket",
            daprd='says "could not use socket for file"',
            mend="remove it",
        )


def _sockets_in(folder: Path) -> list[Path]:
    try:
        return list(sockets(folder))
    except SocketError:
        return []
