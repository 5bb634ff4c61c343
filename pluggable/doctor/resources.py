"""The YAML beside the sockets: does a daprd find somebody for each component, and in the version it names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from ..runtime.components.registry import Registry
from ..runtime.resources import Component, Resources
from ..runtime.resources.faults import Fault, Severity
from . import declarations
from .asking import Socket
from .builtin import INITIAL_VERSIONS, is_replaceable, types_of, versions_of
from .findings import Finding, error, fine, listed, note, warning

#: Blocks by the words that daprd's sentences have for them; bindings are named otherwise.
_WORDS: Final = {"state": "state store", "pubsub": "message bus", "secretstores": "secret store"}
_PLUGGABLE: Final = (*_WORDS, "bindings")
#: Blocks of daprd's that it takes from no socket (dapr: ``pkg/components/category.go``).
_BUILT_IN_ONLY: Final = (
    "configuration",
    "conversation",
    "crypto",
    "lock",
    "middleware",
    "nameresolution",
    "workflow",
    "workflowbackend",
)
_BLOCKS: Final = (*_PLUGGABLE, *_BUILT_IN_ONLY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What the files describe, and for whom."""

    components: tuple[Component, ...] = ()
    """Those that the application loads."""
    scoped_out: tuple[Component, ...] = ()
    """Those whose scopes leave the application out."""
    faults: tuple[Fault, ...] = ()
    others: Resources = field(default_factory=Resources)
    """With the resources of other kinds."""


def read(paths: Sequence[Path], app_id: str | None) -> Described:
    """
    Return what the files describe.

    Raises:
        ImportError: what reads YAML is not installed.
    """
    from ..runtime.resources.manifests import read_resources  # loads yaml, which comes with an extra

    ours, faults = read_resources(paths, app_id=app_id)
    everybodys, _ = read_resources(paths, app_id=None)
    loaded = {component.origin for component in ours.components}
    scoped_out = tuple(each for each in everybodys.components if each.origin not in loaded)
    return Described(components=ours.components, scoped_out=scoped_out, faults=faults, others=ours)


def check(described: Described, sockets: Sequence[Socket], app_id: str | None) -> Iterator[Finding]:
    """Yield what the components and the sockets are to each other."""
    yield from map(_fault, described.faults)
    for component in described.scoped_out:
        yield note(
            "scope",
            component.origin,
            f"{component} is for {listed(component.scopes)} alone",
            daprd=f"does not load it for {app_id}",
            mend=f"add {app_id} to its scopes if it is to have it",
        )
    for component in described.components:
        yield from _component(component, sockets)
    yield from declarations.check(described.others)
    yield from _unnamed(described, sockets)


def _fault(fault: Fault) -> Finding:
    where = fault.origin if fault.origin.document else fault.origin.file
    mend = "mend the file as the sentence says"
    if fault.severity is Severity.NOTED:
        return note("yaml", where, fault.text)
    daprd = fault.headline or (
        "does not start" if fault.severity is Severity.FATAL else "leaves the document out"
    )
    return error("yaml", where, fault.text, daprd=daprd, mend=mend)


def _component(component: Component, sockets: Sequence[Socket]) -> Iterator[Finding]:
    block = component.block
    if component.written_type.partition(".")[0] not in _BLOCKS:
        yield _no_block(component)
    elif block in _BUILT_IN_ONLY:
        if any(socket.name.lower() == _name(component) for socket in sockets):
            yield _not_pluggable(component)
    else:
        yield _looked_up(component, _served(component, sockets), sockets)


def _looked_up(component: Component, socket: Socket | None, sockets: Sequence[Socket]) -> Finding:
    """Return who serves a component, as daprd's registry has it."""
    version, own = component.version.lower(), versions_of(component.type)
    by_socket = version in INITIAL_VERSIONS and (version not in own or is_replaceable(component.type))
    if socket and by_socket:
        return fine("component", component.origin, f"{component} is served by {socket.path.name}")
    if version in own:
        return fine("component", component.origin, f"{component} is built into daprd")
    if socket:
        return _missing(
            component,
            "component-version",
            f"{component} is served by {socket.path.name}, and a socket has no versions",
            f"write version: v1 instead of {component.version}",
        )
    return _unserved(component, sockets)


def _served(component: Component, sockets: Sequence[Socket]) -> Socket | None:
    """Return the socket that serves the type: of several the last, as in daprd."""
    return next((socket for socket in reversed(sockets) if component.type in socket.types), None)


def _no_block(component: Component) -> Finding:
    word = component.written_type.partition(".")[0]
    close = get_close_matches(word.lower(), _BLOCKS, n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]}.{_name(component)}?" if close else ""
    return _missing(
        component,
        "component-block",
        f'{component.name} has the type {component.written_type}, and no block is called "{word}"{hint}',
        f"types begin with {', '.join(_PLUGGABLE)}, in lower case",
        sentence=f"incorrect type {component.written_type}",
    )


def _not_pluggable(component: Component) -> Finding:
    return error(
        "component-block",
        component.origin,
        f"{component} has the name of a socket, and {component.block} is no block for sockets",
        daprd=f"takes {', '.join(_PLUGGABLE)} from sockets, and nothing else",
        mend="this sidecar may serve it; for a daprd there is no way",
    )


def _unserved(component: Component, sockets: Sequence[Socket]) -> Finding:
    versions = versions_of(component.type)
    if versions:
        return _missing(
            component,
            "component-version",
            f"{component} is built into daprd in version {listed(sorted(versions - {''}))}",
            "name one of these",
        )
    found = f"no socket serves {component.type}, and daprd has no such type{_instead(component, sockets)}"
    mend = "start the component before daprd, and see that its socket has the type's name"
    if component.type in Registry().types():
        mend = f"`pluggable run` starts it by itself; for a daprd, `pluggable serve {component.type}`"
    return _missing(component, "component-unserved", f"{component.name}: {found}", mend)


def _instead(component: Component, sockets: Sequence[Socket]) -> str:
    """Return what may have been meant."""
    name = _name(component)
    for socket in sockets:
        if socket.name.lower() == name:
            serves = ", ".join(socket.types) or "no component"
            return f"; {socket.path.name} {f'serves {serves}' if socket.answers else 'does not answer'}"
    known = [type_ for socket in sockets for type_ in socket.types]
    known += [f"{component.block}.{socket.name.lower()}" for socket in sockets if not socket.answers]
    known += types_of(component.block)
    close = get_close_matches(component.type, known, n=1, cutoff=0.8)
    return f"; did you mean {close[0]}?" if close else ""


def _missing(
    component: Component, check: str, found: str, mend: str, *, sentence: str | None = None
) -> Finding:
    """Return that daprd has nobody for a component, which ends it unless errors are ignored."""
    said = f'says "{sentence or _sentence(component)}", and'
    if component.ignore_errors:
        return warning(
            check,
            component.origin,
            found,
            daprd=f"{said} goes on without it until it is restarted, for ignoreErrors is true",
            mend=mend,
        )
    return error(check, component.origin, found, daprd=f"{said} exits", mend=mend)


def _sentence(component: Component) -> str:
    type_ = f"{component.written_type}/{component.version}"
    if word := _WORDS.get(component.block):
        return f"couldn't find {word} {type_}"
    return f"couldn't find binding {component.name} ({type_})"


def _unnamed(described: Described, sockets: Sequence[Socket]) -> Iterator[Finding]:
    """See to sockets that nobody asks for."""
    named = {component.type for component in (*described.components, *described.scoped_out)}
    for socket in sockets:
        if socket.types and not named & set(socket.types):
            yield note(
                "socket-unnamed",
                socket.path,
                f"no component in the YAML has the type {' or '.join(socket.types)}",
                daprd="registers the type, and never calls it",
                mend="write a Component of this type, if it is to be used",
            )


def _name(component: Component) -> str:
    return component.type.partition(".")[2]
