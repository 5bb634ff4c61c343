"""
Dapr's building blocks in Python: write a component as one class, and serve it where a sidecar finds it.

The values of a block live in its module: ``pluggable.state.GetRequest`` is another than
``pluggable.secretstores.GetRequest``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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
else:
    from ._exports import offered

    __getattr__, __dir__ = offered(
        __name__,
        {
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
        },
    )
