"""Locks among processes, each with an owner and an end."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from .component import Component
from .errors import InvalidRequestError
from .metadata import NO_METADATA

#: What the number of Dapr's API holds.
LONGEST_SECONDS: Final = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TryLockRequest:
    """
    Ask for a lock.

    Raises:
        InvalidRequestError: resource or owner is empty, or the expiry is no time.
    """

    resource: str
    owner: str
    """Who asks; only the same may unlock."""
    expiry_seconds: int
    """When the lock is free again, should its owner not come back; 1 at least."""
    metadata: Mapping[str, str] = NO_METADATA

    def __post_init__(self) -> None:
        _check_named(self.resource, self.owner)
        if not 1 <= self.expiry_seconds <= LONGEST_SECONDS:
            raise InvalidRequestError(
                f'lock "{self.resource}": its expiry is {self.expiry_seconds} s, '
                f"wanted 1 to {LONGEST_SECONDS} s"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlockRequest:
    """
    Ask to give a lock back.

    Raises:
        InvalidRequestError: resource or owner is empty.
    """

    resource: str
    owner: str
    metadata: Mapping[str, str] = NO_METADATA

    def __post_init__(self) -> None:
        _check_named(self.resource, self.owner)


class UnlockStatus(Enum):
    """What came of giving a lock back, with Dapr's numbers."""

    SUCCESS = 0
    LOCK_DOES_NOT_EXIST = 1
    """Nobody has it: its time may be over."""
    LOCK_BELONGS_TO_OTHERS = 2
    """Somebody else has it, and keeps it."""
    INTERNAL_ERROR = 3
    """The store does not know; better raise an error, which says more."""


class LockStore(Component):
    """A store of locks. One object serves one configured component."""

    @abstractmethod
    async def try_lock(self, request: TryLockRequest) -> bool:
        """
        Take a lock if it is free, and return whether it was; never waits for it.

        One that is taken is not renewed, not even for its owner: the answer is ``False``.
        """

    @abstractmethod
    async def unlock(self, request: UnlockRequest) -> UnlockStatus:
        """Give a lock back, and return what came of it; what stands in the way is no error."""


def _check_named(resource: str, owner: str) -> None:
    if not resource:
        raise InvalidRequestError("the resource to lock has no name; wanted one")
    if not owner:
        raise InvalidRequestError(f'lock "{resource}": its owner has no name; wanted one that is yours alone')
