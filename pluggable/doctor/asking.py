"""Asks each socket what a daprd asks: can it be connected to, does it answer, and what does it serve."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from .._wire import names
from ..errors import ComponentError, TimedOutError, UnavailableError, UnsupportedError
from ..remote import list_services
from ..serving.socket import is_served
from ..sockets import SocketError, check_length
from .access import WRITE, User
from .findings import Finding, error, fine, listed, note, warning

#: How long a socket may take for one answer; a daprd waits for ever.
ANSWER_SECONDS: Final = 2.0

_HANGS: Final = "its start hangs on this socket, without a message and without end"
_DISABLED: Final = 'says "unable to list services", and disables ALL pluggable components'
_OWN: Final = frozenset({names.REFLECTION_V1, names.REFLECTION_V1ALPHA, names.HEALTH})
#: Who is named so and is not known has been misspelled, or belongs to a later Dapr.
_PACKAGE: Final = "dapr.proto.components."
_KNOWN: Final = tuple(service for service in names.BLOCK_OF_SERVICE if service.startswith(_PACKAGE))
#: These add to a component, and make none.
_BESIDE: Final = frozenset(
    {names.TRANSACTIONAL_STATE_STORE, names.QUERIABLE_STATE_STORE, names.MULTI_MAX_SIZE}
)
#: What has a meaning in the address that daprd makes of a path: ``unix://`` and the path.
_NOT_IN_ADDRESS: Final = re.compile(r"[%?#\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Socket:
    """A socket, and what it serves as far as a daprd would find out."""

    path: Path
    services: frozenset[str] = frozenset()
    answers: bool = False

    @property
    def name(self) -> str:
        """The file's name without its last extension, as daprd cuts it."""
        name = self.path.name
        return name.rpartition(".")[0] if "." in name else name

    @property
    def types(self) -> list[str]:
        """The component types that it serves, in lower case, as daprd compares them."""
        return names.types_of(self.name, self.services)

    @property
    def address(self) -> str:
        """Where it answers, as the transport spells it."""
        return f"unix:{self.path}"


async def ask(path: Path, user: User) -> tuple[Socket, list[Finding]]:
    """Return what a socket serves, and what is wrong with it; one that is silent is given up."""
    if found := _unreachable(path, user):
        return Socket(path=path), [found]
    address = f"unix:{path}"
    try:
        services = await list_services(address, ANSWER_SECONDS, versions=[names.REFLECTION_V1ALPHA])
    except UnsupportedError:
        return Socket(path=path), [await _without_reflection(path)]
    except TimedOutError:
        return Socket(path=path), [_silent(path)]
    except UnavailableError as failure:
        return Socket(path=path), [_no_grpc(path, failure)]
    except ComponentError as failure:
        return Socket(path=path), [_wrong(path, failure)]
    socket = Socket(path=path, services=services, answers=True)
    return socket, list(_served(socket))


def _unreachable(path: Path, user: User) -> Finding | None:
    """Return why nobody, or not this user, can connect."""
    try:
        check_length(path)
    except SocketError as refusal:
        return error(
            "socket-path", path, str(refusal), daprd=_HANGS, mend="choose a shorter folder, or a shorter name"
        )
    if strange := "".join(sorted(set(_NOT_IN_ADDRESS.findall(str(path))))):
        return error(
            "socket-name",
            path,
            f"its path has {strange!r} in it",
            daprd="reads that as part of an address: it hangs, or ALL pluggable components are disabled",
            mend="use letters, digits, dots, hyphens and underscores",
        )
    if obstacle := user.obstacle(path, WRITE):
        return error(
            "socket-access",
            path,
            obstacle,
            daprd=_HANGS,
            mend="chmod 0666 the socket, which its server does best, or share a user or group with daprd",
        )
    try:
        served = is_served(path)
    except SocketError as refusal:
        return error(
            "socket-access",
            path,
            str(refusal),
            daprd=_HANGS if user.is_here else "may be able to",
            mend=f"run this as user {user.uid}, or as root",
        )
    return None if served else _stale(path)


def _stale(path: Path) -> Finding:
    return error(
        "socket-stale",
        path,
        "nobody listens: a process that died left it behind, or has not come so far yet",
        daprd=_HANGS,
        mend="remove the file, or start the component again, which replaces it",
    )


def _silent(path: Path) -> Finding:
    return error(
        "socket-silent",
        path,
        f"somebody listens, and gave no answer within {ANSWER_SECONDS:g} s",
        daprd=_HANGS,
        mend="is its process stopped or hung, or does it bind long before it serves? Bind when ready",
    )


def _no_grpc(path: Path, failure: UnavailableError) -> Finding:
    return error(
        "socket-no-grpc",
        path,
        f"somebody listens, and does not speak gRPC: {failure}",
        daprd=_HANGS,
        mend="serve gRPC, without TLS, on this socket, or move what is no component elsewhere",
    )


def _wrong(path: Path, failure: ComponentError) -> Finding:
    return error(
        "reflection-refused",
        path,
        f"its reflection does not list the services: {failure}",
        daprd=_DISABLED,
        mend=f"register {names.REFLECTION_V1ALPHA}, as `grpcio-reflection` and the SDKs do",
    )


async def _without_reflection(path: Path) -> Finding:
    """Tell no reflection from the wrong version of it."""
    try:
        await list_services(f"unix:{path}", ANSWER_SECONDS, versions=[names.REFLECTION_V1])
    except ComponentError:
        found, check = "its server has no reflection", "reflection-missing"
    else:
        found, check = f"its server offers {names.REFLECTION_V1} and not v1alpha", "reflection-version"
    return error(
        check,
        path,
        found,
        daprd=_DISABLED,
        mend=f"register {names.REFLECTION_V1ALPHA}, as `grpcio-reflection` and the SDKs do",
    )


def _served(socket: Socket) -> Iterator[Finding]:
    """See to the services that are listed."""
    if not socket.name:
        yield error(
            "socket-name",
            socket.path,
            "nothing is left of its name when the extension is cut off",
            daprd="registers a component type without a name",
            mend=f"give it a name before the dot: my-component{socket.path.name}",
        )
    elif socket.types:
        yield fine("socket", socket.path, f"serves {', '.join(socket.types)}")
        if further := names.types_of(socket.name, socket.services - set(_KNOWN)):
            yield note(
                "services-further",
                socket.path,
                f"{', '.join(further)}: a block beyond Dapr's contract",
                daprd="knows no service of such a block, and ignores it",
            )
        if strays := _strays(socket):
            yield warning(
                "services-unknown",
                socket.path,
                f"serves {listed(strays)} too{_hint(strays)}",
                daprd="does not know this name, and ignores what is behind it",
                mend=f"known are {', '.join(_KNOWN)}",
            )
    else:
        others = sorted(socket.services - _OWN)
        yield error(
            "services-unknown",
            socket.path,
            f"serves {listed(others) or 'nothing'}{_hint(others)}",
            daprd="knows none of these services by themselves, and ignores the socket",
            mend=f"register one of {', '.join(_KNOWN)}",
        )


def _strays(socket: Socket) -> list[str]:
    """Return services that are named like Dapr's and are none."""
    return sorted(
        each
        for each in socket.services - _BESIDE - names.BLOCK_OF_SERVICE.keys()
        if each.lower().startswith(_PACKAGE)
    )


def _hint(services: list[str]) -> str:
    close = {match for each in services if each not in _BESIDE for match in _close(each)}
    return f"; did you mean {' or '.join(sorted(close))}?" if close else ""


def _close(service: str) -> list[str]:
    """Return what a service may have been meant for: spelled alike, or of the same last name."""
    alike = {each.lower(): each for each in _KNOWN}
    last = service.rpartition(".")[2].lower()
    same = [each for each in _KNOWN if each.rpartition(".")[2].lower() == last]
    return same or [alike[each] for each in get_close_matches(service.lower(), alike, n=1, cutoff=0.85)]
