"""
Fixtures for the tests of components: the real thing, over a real socket, in the test's own process.

A component's test reads the same for the class itself and for what a sidecar sees of it.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, overload

from .bindings import InputBinding, OutputBinding
from .component import Component
from .configuration import ConfigurationStore
from .conversation import Conversation
from .crypto import SubtleCrypto
from .lock import LockStore
from .metadata import NO_METADATA, Metadata
from .nameresolution import NameResolver
from .pubsub import PubSub
from .secretstores import SecretStore
from .serving.endpoint import Endpoint
from .state import StateStore


@asynccontextmanager
async def served(*components: Callable[[], Component], name: str = "under-test") -> AsyncIterator[str]:
    """Serve components on a throw-away socket and give its address, ``unix:/…/under-test.sock``."""
    with tempfile.TemporaryDirectory(prefix="pluggable-") as folder:  # short: a socket's path has a limit
        path = Path(folder, f"{name}.sock")
        async with Endpoint(name, components, path):
            yield f"unix:{path}"


@overload
def connected(
    component: Callable[[], StateStore], properties: Mapping[str, str] = ..., *, name: str = ...
) -> AbstractAsyncContextManager[StateStore]: ...
@overload
def connected(
    component: Callable[[], ConfigurationStore], properties: Mapping[str, str] = ..., *, name: str = ...
) -> AbstractAsyncContextManager[ConfigurationStore]: ...
@overload
def connected(
    component: Callable[[], LockStore], properties: Mapping[str, str] = ..., *, name: str = ...
) -> AbstractAsyncContextManager[LockStore]: ...
@overload
def connected(
    component: Callable[[], PubSub], properties: Mapping[str, str] = ..., *, name: str = ...
) -> AbstractAsyncContextManager[PubSub]: ...
@overload
def connected(
    component: Callable[[], SecretStore], properties: Mapping[str, str] = ..., *, name: str = ...
) -> AbstractAsyncContextManager[SecretStore]: ...
@overload
def connected(
    component: Callable[[], OutputBinding], properties: Mapping[str, str] = ..., *, name: str = ...
) -> AbstractAsyncContextManager[OutputBinding]: ...
@overload
def connected(
    component: Callable[[], InputBinding], properties: Mapping[str, str] = ..., *, name: str = ...
) -> AbstractAsyncContextManager[InputBinding]: ...
@overload
def connected(
    component: Callable[[], SubtleCrypto], properties: Mapping[str, str] = ..., *, name: str = ...
) -> AbstractAsyncContextManager[SubtleCrypto]: ...
@overload
def connected(
    component: Callable[[], NameResolver], properties: Mapping[str, str] = ..., *, name: str = ...
) -> AbstractAsyncContextManager[NameResolver]: ...
@overload
def connected(
    component: Callable[[], Conversation], properties: Mapping[str, str] = ..., *, name: str = ...
) -> AbstractAsyncContextManager[Conversation]: ...
def connected(
    component: Callable[[], Component],
    properties: Mapping[str, str] = NO_METADATA,
    *,
    name: str = "under-test",
) -> AbstractAsyncContextManager[Any]:
    """
    Serve a component, initialise it with these properties, and give its far end.

    Of a class that is both bindings it is the output.
    """
    return _connected(component, Metadata(properties, name))


@asynccontextmanager
async def _connected(component: Callable[[], Component], metadata: Metadata) -> AsyncIterator[Component]:
    from .remote import Connection  # loads the messages: only for who connects
    from .serving.services import made_by

    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(served(component))
        # every test is another sidecar
        client = f"test-{secrets.token_hex(4)}"
        connection = await stack.enter_async_context(
            Connection(address, instance=metadata.name, client=client)
        )
        far_end = _far_end_of(made_by(component))(connection)
        await far_end.init(metadata)
        try:
            yield far_end
        finally:
            await far_end.close()


def _far_end_of(kind: type[Component]) -> Callable[[Any], Component]:
    from . import remote

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
