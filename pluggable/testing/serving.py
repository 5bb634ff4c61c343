"""Components served on throw-away sockets, in the test's own process, and their far ends."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, overload

from ..bindings import InputBinding, OutputBinding
from ..component import Component
from ..configuration import ConfigurationStore
from ..conversation import Conversation
from ..crypto import SubtleCrypto
from ..lock import LockStore
from ..metadata import NO_METADATA, Metadata
from ..nameresolution import NameResolver
from ..pubsub import PubSub
from ..secretstores import SecretStore
from ..serving.endpoint import Endpoint
from ..state import StateStore
from .faults import Faults, Peer


@asynccontextmanager
async def served(*components: Callable[[], Component], name: str = "under-test") -> AsyncIterator[str]:
    """Serve components on a throw-away socket and give its address, ``unix:/…/under-test.sock``."""
    with tempfile.TemporaryDirectory(prefix="pluggable-") as folder:  # short: a socket's path has a limit
        path = Path(folder, f"{name}.sock")
        async with Endpoint(name, components, path):
            yield f"unix:{path}"


@overload
def connected(
    component: Callable[[], StateStore],
    properties: Mapping[str, str] = ...,
    *,
    name: str = ...,
    faults: Faults | None = ...,
) -> AbstractAsyncContextManager[StateStore]: ...
@overload
def connected(
    component: Callable[[], ConfigurationStore],
    properties: Mapping[str, str] = ...,
    *,
    name: str = ...,
    faults: Faults | None = ...,
) -> AbstractAsyncContextManager[ConfigurationStore]: ...
@overload
def connected(
    component: Callable[[], LockStore],
    properties: Mapping[str, str] = ...,
    *,
    name: str = ...,
    faults: Faults | None = ...,
) -> AbstractAsyncContextManager[LockStore]: ...
@overload
def connected(
    component: Callable[[], PubSub],
    properties: Mapping[str, str] = ...,
    *,
    name: str = ...,
    faults: Faults | None = ...,
) -> AbstractAsyncContextManager[PubSub]: ...
@overload
def connected(
    component: Callable[[], SecretStore],
    properties: Mapping[str, str] = ...,
    *,
    name: str = ...,
    faults: Faults | None = ...,
) -> AbstractAsyncContextManager[SecretStore]: ...
@overload
def connected(
    component: Callable[[], OutputBinding],
    properties: Mapping[str, str] = ...,
    *,
    name: str = ...,
    faults: Faults | None = ...,
) -> AbstractAsyncContextManager[OutputBinding]: ...
@overload
def connected(
    component: Callable[[], InputBinding],
    properties: Mapping[str, str] = ...,
    *,
    name: str = ...,
    faults: Faults | None = ...,
) -> AbstractAsyncContextManager[InputBinding]: ...
@overload
def connected(
    component: Callable[[], SubtleCrypto],
    properties: Mapping[str, str] = ...,
    *,
    name: str = ...,
    faults: Faults | None = ...,
) -> AbstractAsyncContextManager[SubtleCrypto]: ...
@overload
def connected(
    component: Callable[[], NameResolver],
    properties: Mapping[str, str] = ...,
    *,
    name: str = ...,
    faults: Faults | None = ...,
) -> AbstractAsyncContextManager[NameResolver]: ...
@overload
def connected(
    component: Callable[[], Conversation],
    properties: Mapping[str, str] = ...,
    *,
    name: str = ...,
    faults: Faults | None = ...,
) -> AbstractAsyncContextManager[Conversation]: ...
def connected(
    component: Callable[[], Component],
    properties: Mapping[str, str] = NO_METADATA,
    *,
    name: str = "under-test",
    faults: Faults | None = None,
) -> AbstractAsyncContextManager[Any]:
    """
    Serve a component, initialise it with these properties, and give its far end.

    That of a class which is both bindings is typed as the output, and is the input too. ``faults`` lets the
    test make things go wrong.
    """
    return _connected(component, Metadata(properties, name), faults)


@asynccontextmanager
async def _connected(
    component: Callable[[], Component], metadata: Metadata, faults: Faults | None
) -> AsyncIterator[Component]:
    from ..remote import Connection  # loads the messages: only for who connects
    from ..serving.services import made_by

    async with AsyncExitStack() as stack:
        bench = None
        if faults is None:
            address = await stack.enter_async_context(served(component))
        else:
            bench = await stack.enter_async_context(faults._between(component))
            address = bench.line.address
        # every test is another sidecar
        client = f"test-{secrets.token_hex(4)}"
        connection = await stack.enter_async_context(
            Connection(address, instance=metadata.name, client=client)
        )
        far_end = _far_end_of(made_by(component))(connection)
        await far_end.init(metadata)
        if bench is not None:
            bench.peer = Peer(connection, far_end, metadata)
        try:
            yield far_end
        finally:
            await far_end.close()


def _far_end_of(kind: type[Component]) -> Callable[[Any], Component]:
    from .. import remote
    from .both import BothBindings

    if issubclass(kind, InputBinding) and issubclass(kind, OutputBinding):
        return BothBindings
    far_ends: tuple[tuple[type[Component], Callable[[Any], Component]], ...] = (
        (StateStore, remote.RemoteStateStore),
        (ConfigurationStore, remote.RemoteConfigurationStore),
        (LockStore, remote.RemoteLockStore),
        (PubSub, remote.RemotePubSub),
        (SecretStore, remote.RemoteSecretStore),
        (SubtleCrypto, remote.RemoteSubtleCrypto),
        (NameResolver, remote.RemoteNameResolver),
        (Conversation, remote.RemoteConversation),
        (OutputBinding, remote.RemoteOutputBinding),
        (InputBinding, remote.RemoteInputBinding),
    )
    return next(far_end for base, far_end in far_ends if issubclass(kind, base))
