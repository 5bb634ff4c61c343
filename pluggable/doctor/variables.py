"""Where a daprd looks for sockets by its environment, and where others would put them by the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from ..runtime.components.discovery import sockets
from ..sockets import DEFAULT_FOLDER, FOLDER_VARIABLES, SocketError
from .findings import Finding, error, fine, listed, note, warning

#: The one that daprd reads (dapr/dapr ``pkg/components/pluggable/discovery.go``).
DAPRDS: Final = FOLDER_VARIABLES[0]
#: Set but never read by daprd: by the injector for containers, and read by the Go SDK.
_OTHERS: Final = FOLDER_VARIABLES[1:]


def folder_of(environ: Mapping[str, str]) -> Path | None:
    """Return where a daprd with this environment looks; ``None`` if its variable is set and empty."""
    named = environ.get(DAPRDS)
    if named is None:
        return DEFAULT_FOLDER
    return Path(named).absolute() if named else None


def check(environ: Mapping[str, str], named: Path | None, platform: str) -> Iterator[Finding]:
    """Yield what the variables and the platform come to, when the folder was ``named``, or was not."""
    yield from _platform(platform)
    yield from _daprds(environ, named)
    for variable in _OTHERS:
        yield from _other(environ, named, variable)
    if named is None:
        yield from _temporary(environ)


def _platform(platform: str) -> Iterator[Finding]:
    if platform == "win32":
        yield error(
            "platform",
            "Windows",
            "a daprd for Windows has no components on sockets",
            daprd="skips the folder without a word",
            mend="run daprd and the component in WSL, or in containers",
        )
    elif platform == "darwin":
        yield note(
            "platform",
            "macOS",
            "a daprd in a container cannot connect to a socket of the host, though it sees the file",
            daprd="its start hangs on such a socket",
            mend="run both on the host, or both in containers with a volume between them",
        )


def _daprds(environ: Mapping[str, str], named: Path | None) -> Iterator[Finding]:
    """See to the variable that daprd reads."""
    value = environ.get(DAPRDS)
    if value == "":
        yield (error if named is None else warning)(
            "variable-empty",
            f"${DAPRDS}",
            "is set, and empty",
            daprd=f"finds no folder of that name, and does not fall back to {DEFAULT_FOLDER}",
            mend="unset it, or name the folder",
        )
    elif value is not None and not Path(value).is_absolute():
        yield (error if named is None else warning)(
            "variable-relative",
            f"${DAPRDS}",
            f'is "{value}", a relative path',
            daprd="takes the first part for a host, cannot dial, and disables ALL pluggable components",
            mend=f"name the whole path: {Path(value).absolute()}",
        )
    elif named is None:
        by = f"by ${DAPRDS}" if value is not None else f"by default, for ${DAPRDS} is not set"
        yield fine("variable", value or DEFAULT_FOLDER, f"is where a daprd looks, {by}")
    elif value is not None and Path(value) != named:
        yield warning(
            "variable-differs",
            f"${DAPRDS}",
            f"is {value}, and you named {named}",
            daprd=f"looks in {value}, if its environment is this one",
            mend=f"set it to {named} for daprd, or look where it looks",
        )
    elif value is None and named != DEFAULT_FOLDER:
        yield note(
            "variable-unset",
            f"${DAPRDS}",
            "is not set here",
            daprd=f"looks in {DEFAULT_FOLDER} unless its own environment has the variable",
            mend=f"start daprd with {DAPRDS}={named}",
        )


def _other(environ: Mapping[str, str], named: Path | None, variable: str) -> Iterator[Finding]:
    """See to a variable that components read and daprd does not."""
    value = environ.get(variable)
    if not value:
        return
    read = folder_of(environ)
    if read is None or Path(value).absolute() == read:
        return
    there = _there(Path(value))
    yield (error if named is None else warning)(
        "variable-not-read",
        f"${variable}",
        f"is {value}, where the Go SDK's components and the injector's put their sockets{there}",
        daprd=f"does not read it, and looks in {read}",
        mend=f'set {DAPRDS}={value} for daprd; in a pod, by the annotation dapr.io/env: "{DAPRDS}={value}"',
    )


def _temporary(environ: Mapping[str, str]) -> Iterator[Finding]:
    """See whether components made a folder where temporary files are, which need not be ``/tmp``."""
    read = folder_of(environ)
    folder = Path(environ.get("TMPDIR") or DEFAULT_FOLDER.parent, DEFAULT_FOLDER.name)
    if read is None or folder in (read, DEFAULT_FOLDER) or not folder.is_dir():
        return
    yield warning(
        "folder-temporary",
        folder,
        f"is the folder of components of the .NET SDK that are not told another{_there(folder)}",
        daprd=f"does not follow $TMPDIR, and looks in {read}",
        mend=f"set {DAPRDS} to one folder for daprd and its components",
    )


def _there(folder: Path) -> str:
    try:
        found = sockets(folder)
    except SocketError:
        return ""
    return f"; there are {listed(path.name for path in found)}" if found else ""
