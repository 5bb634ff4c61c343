"""
Dapr's building blocks in Python: write a component as one class, and serve it where a sidecar finds it.

The values of a block live in its module: ``pluggable.state.GetRequest`` is another than
``pluggable.secretstores.GetRequest``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .about import About as About
    from .bindings import InputBinding as InputBinding, OutputBinding as OutputBinding
    from .component import Capability as Capability, Component as Component, blocking as blocking
    from .configuration import ConfigurationStore as ConfigurationStore
    from .conversation import Conversation as Conversation
    from .crypto import SubtleCrypto as SubtleCrypto
    from .delivery import (
        Accepted as Accepted,
        Delivery as Delivery,
        Outcome as Outcome,
        Rejected as Rejected,
        Unanswered as Unanswered,
    )
    from .errors import (
        BulkError as BulkError,
        ComponentError as ComponentError,
        CustomError as CustomError,
        DeniedError as DeniedError,
        ETagInvalidError as ETagInvalidError,
        ETagMismatchError as ETagMismatchError,
        InitError as InitError,
        InvalidRequestError as InvalidRequestError,
        InvokeError as InvokeError,
        LimitExceededError as LimitExceededError,
        MetadataError as MetadataError,
        NotFoundError as NotFoundError,
        TimedOutError as TimedOutError,
        UnavailableError as UnavailableError,
        UnsupportedError as UnsupportedError,
    )
    from .lock import LockStore as LockStore
    from .metadata import NO_METADATA as NO_METADATA, Metadata as Metadata, Size as Size, setting as setting
    from .nameresolution import NameResolver as NameResolver
    from .pubsub import PubSub as PubSub
    from .secretstores import SecretStore as SecretStore
    from .serving import ComponentServer as ComponentServer, serve as serve
    from .state import StateStore as StateStore

#: Where a name comes from; it is imported when it is asked for, so that nobody waits for what is not used.
_HOMES: Final = {
    "about": ("About",),
    "bindings": ("InputBinding", "OutputBinding"),
    "component": ("Capability", "Component", "blocking"),
    "configuration": ("ConfigurationStore",),
    "conversation": ("Conversation",),
    "crypto": ("SubtleCrypto",),
    "delivery": ("Accepted", "Delivery", "Outcome", "Rejected", "Unanswered"),
    "errors": (
        "BulkError",
        "ComponentError",
        "CustomError",
        "DeniedError",
        "ETagInvalidError",
        "ETagMismatchError",
        "InitError",
        "InvalidRequestError",
        "InvokeError",
        "LimitExceededError",
        "MetadataError",
        "NotFoundError",
        "TimedOutError",
        "UnavailableError",
        "UnsupportedError",
    ),
    "lock": ("LockStore",),
    "metadata": ("NO_METADATA", "Metadata", "Size", "setting"),
    "nameresolution": ("NameResolver",),
    "pubsub": ("PubSub",),
    "secretstores": ("SecretStore",),
    "serving": ("ComponentServer", "serve"),
    "state": ("StateStore",),
}
_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a name, or the module of a block, when it is first used."""
    if name in _HOMES:
        return import_module(f".{name}", __name__)
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_HOME_OF[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*_HOMES, *_HOME_OF, *(name for name in globals() if name.startswith("__"))})
