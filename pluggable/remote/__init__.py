"""Components over sockets, by the same interfaces as components here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .bindings import RemoteInputBinding as RemoteInputBinding, RemoteOutputBinding as RemoteOutputBinding
    from .component import RemoteComponent as RemoteComponent
    from .configuration import RemoteConfigurationStore as RemoteConfigurationStore
    from .connection import INIT_SECONDS as INIT_SECONDS, Connection as Connection
    from .conversation import RemoteConversation as RemoteConversation
    from .crypto import RemoteSubtleCrypto as RemoteSubtleCrypto
    from .lock import RemoteLockStore as RemoteLockStore
    from .nameresolution import RemoteNameResolver as RemoteNameResolver
    from .pubsub import RemotePubSub as RemotePubSub
    from .reflection import list_services as list_services
    from .secretstores import RemoteSecretStore as RemoteSecretStore
    from .state import RemoteStateStore as RemoteStateStore
else:
    from .._exports import offered

    __getattr__, __dir__ = offered(
        __name__,
        {
            "bindings": ("RemoteInputBinding", "RemoteOutputBinding"),
            "component": ("RemoteComponent",),
            "configuration": ("RemoteConfigurationStore",),
            "connection": ("INIT_SECONDS", "Connection"),
            "conversation": ("RemoteConversation",),
            "crypto": ("RemoteSubtleCrypto",),
            "lock": ("RemoteLockStore",),
            "nameresolution": ("RemoteNameResolver",),
            "pubsub": ("RemotePubSub",),
            "reflection": ("list_services",),
            "secretstores": ("RemoteSecretStore",),
            "state": ("RemoteStateStore",),
        },
    )
