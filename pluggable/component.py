"""What every component is, whatever block it belongs to."""

from __future__ import annotations

import asyncio
import functools
from abc import ABC, ABCMeta
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, Final, ParamSpec, TypeVar

from ._promises import check
from .about import About
from .metadata import Metadata

P = ParamSpec("P")
T = TypeVar("T")

#: Where a package says which component types it has: ``state.mine = "mine:Store"``, ``state.mine/v2 = …``.
ENTRY_POINT_GROUP: Final = "pluggable.components"


class Capability(ABC):  # noqa: B024  its subclasses have the methods
    """
    Something a component can do beyond its block's minimum: a second base class.

    What a component serves and advertises follows from these, never from a list.
    """

    feature: ClassVar[str] = ""
    """The word in daprd's list of features; empty where there is none."""
    of: ClassVar[type[Component] | None] = None
    """The block that it adds to."""
    replaces: ClassVar[tuple[str, ...]] = ()
    """The methods of the block whose default does not do: what has the capability has its own."""


class _Checked(ABCMeta):
    """Sees that a class keeps its promises when it is complete: one that is not spoils its bases' caches."""

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **named: Any) -> None:
        super().__init__(name, bases, namespace, **named)
        if any(isinstance(base, _Checked) for base in bases):
            check(cls, capability=Capability, foundation=Component)


class Component(ABC, metaclass=_Checked):
    """
    One configured component.

    For each Init a fresh object is made, ``init`` is awaited once before any other call, and ``close``
    once after the last. Calls come concurrently, all on one event loop; a method that blocks is marked
    ``@blocking``.

    A class that lacks what its bases promise is refused when it is defined, unless ``ABC`` is among them.
    """

    about: ClassVar[About] = About()
    """What there is to tell of it, its settings first: ``about = About(settings=Settings)``."""

    exclusive: ClassVar[bool] = False
    """The backend admits one owner: at a second Init the object in use is closed before the new one."""

    async def init(self, metadata: Metadata) -> None:
        """
        Make ready with what the component's YAML says, within 5 seconds: daprd gives no more.

        If it raises, the object is dropped as it is: ``close`` is not called.

        Raises:
            MetadataError: the metadata has faults.
            InitError: the backend refuses, or is not what was expected.
        """

    async def ping(self) -> None:
        """Return if the component can do its work now; raise what is wrong otherwise."""

    async def close(self) -> None:
        """Release what ``init`` opened. No call is under way any more."""

    @property
    def features(self) -> tuple[str, ...]:
        """The features advertised, in daprd's words; the far end of a socket tells its own after Init."""
        return features_of(type(self))


def blocking(method: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
    """
    Make an ordinary method one that is awaited: it runs in a thread, so that it may block.

    Its calls come concurrently, each in a thread of its own. What delivers messages cannot be one.
    """

    @functools.wraps(method)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.to_thread(method, *args, **kwargs)

    return run


def features_of(component: type[Component]) -> tuple[str, ...]:
    """Return the features that follow from the base classes, in the order in which the block lists them."""
    claimed = (vars(base).get("feature") for base in component.__mro__ if Capability in base.__mro__)
    found = set(claimed)
    return tuple(feature for feature in FEATURE_ORDER if feature in found)


#: daprd's order, which its metadata API shows (contrib ``state/feature.go``, ``pubsub/feature.go``); of these
#: NATIVE_BULK is no word of daprd's.
FEATURE_ORDER = (
    "ETAG",
    "TRANSACTIONAL",
    "QUERY_API",
    "TTL",
    "DELETE_WITH_PREFIX",
    "PARTITION_KEY",
    "KEYS_LIKE",
    "NATIVE_BULK",
    "MESSAGE_TTL",
    "SUBSCRIBE_WILDCARDS",
    "BULK_PUBSUB",
    "BULK_SUBSCRIBE_IMMEDIATE",
    "MULTIPLE_KEY_VALUES_PER_SECRET",
)
