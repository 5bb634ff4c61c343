"""Init, on demand: what a component makes of the properties in the YAML, and what it says it can do then."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from .._wire import names
from ..conformance.blocks import BLOCKS
from ..errors import ComponentError, TimedOutError
from ..metadata import Metadata
from ..remote import INIT_SECONDS, Connection, RemoteComponent, RemoteOutputBinding
from ..runtime.resources import Component
from .answers import INSTANCE
from .asking import Socket
from .features import check_features
from .findings import Finding, error, fine, listed, note

_FAR_ENDS: Final[dict[str, type[RemoteComponent]]] = {
    service: kind for block in BLOCKS for service, kind in block.far_ends.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One Init to send: to which service, with what."""

    socket: Socket
    service: str
    who: str
    """The component whose properties these are; empty if no YAML has one."""
    properties: Mapping[str, str] = field(repr=False)
    seconds: float = INIT_SECONDS


def trials(
    sockets: Sequence[Socket], components: Sequence[Component], environ: Mapping[str, str]
) -> Iterator[Trial | Finding]:
    """Yield an Init for each component that a socket serves, and one for each that no YAML names."""
    for socket in sockets:
        for service in sorted(socket.services & _FAR_ENDS.keys()):
            type_ = f"{names.BLOCK_OF_SERVICE[service]}.{socket.name.lower()}"
            named = [component for component in components if component.type == type_]
            for component in named:
                yield _trial(socket, service, component, environ)
            if not named:
                yield Trial(socket=socket, service=service, who="", properties={})


def _trial(socket: Socket, service: str, component: Component, environ: Mapping[str, str]) -> Trial | Finding:
    kept = [item.name for item in component.metadata if item.secret_name]
    if kept:
        return note(
            "init-not-tried",
            component.origin,
            f"{component} gets {listed(kept)} from a secret store, which is not asked here",
            mend="try it with `pluggable conformance --property`, or with values in the YAML",
        )
    return Trial(
        socket=socket,
        service=service,
        who=component.name,
        seconds=component.init_timeout_seconds,
        properties={
            item.name: environ.get(item.env, "") if item.env else item.value or ""
            for item in component.metadata
        },
    )


async def attempt(trial: Trial) -> list[Finding]:
    """Send one Init and what a daprd sends after it, and return what became of it."""
    instance = f"{INSTANCE}-{trial.who}" if trial.who else INSTANCE
    client = f"{INSTANCE}-{secrets.token_hex(4)}"
    connection = Connection(
        trial.socket.address, instance=instance, client=client, init_timeout=trial.seconds
    )
    async with connection:
        far_end = _FAR_ENDS[trial.service](connection)
        try:
            async with asyncio.timeout(trial.seconds + 1):
                await far_end.init(Metadata(trial.properties, instance))
        except (TimedOutError, TimeoutError):
            return [_too_long(trial)]
        except ComponentError as failure:
            return [_refused(trial, failure)]
        return list(_after(trial, far_end))


def _after(trial: Trial, far_end: RemoteComponent) -> Iterator[Finding]:
    yield fine("init", trial.socket.path, f"{_service(trial)} answered Init{_for(trial)}")
    if isinstance(far_end, RemoteOutputBinding):
        found = listed(far_end.operations, at_most=20) or "none"
        yield fine("features", trial.socket.path, f"{_service(trial)} has operations: {found}")
    elif trial.service in _WITH_FEATURES:
        yield from check_features(trial.socket, trial.service, far_end.features, settled=True)


_WITH_FEATURES: Final = frozenset({names.STATE_STORE, names.PUBSUB, names.SECRET_STORE})


def _too_long(trial: Trial) -> Finding:
    return error(
        "init-hangs",
        trial.socket.path,
        f"{_service(trial)} did not answer Init{_for(trial)} within {trial.seconds:g} s",
        daprd='waits on, and in the end says "init timeout for component", and exits',
        mend="connect to the backend later than in Init, or raise spec.initTimeout",
    )


def _refused(trial: Trial, failure: ComponentError) -> Finding:
    if not trial.who:
        return note(
            "init-refused",
            trial.socket.path,
            f"{_service(trial)} refuses an Init without properties: {failure}",
            mend="name the YAML with its properties by --resources-path",
        )
    return error(
        "init-refused",
        trial.socket.path,
        f"{_service(trial)} refuses Init{_for(trial)}: {failure}",
        daprd=f'says "Failed to init component {trial.who}", and exits unless ignoreErrors is true',
        mend="see to spec.metadata, and to the backend",
    )


def _service(trial: Trial) -> str:
    return trial.service.rpartition(".")[2]


def _for(trial: Trial) -> str:
    return f' with the properties of "{trial.who}"' if trial.who else " without properties"
