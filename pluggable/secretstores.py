"""Secret stores: names with one or more values."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from .component import Capability, Component
from .metadata import NO_METADATA


@dataclass(frozen=True, slots=True, kw_only=True)
class GetRequest:
    """Ask for one secret."""

    key: str
    metadata: Mapping[str, str] = NO_METADATA


class SecretStore(Component):
    """A store of secrets. A secret is a map; a simple one has its own name as the only key."""

    @abstractmethod
    async def get(self, request: GetRequest) -> Mapping[str, str]:
        """
        Return the values of one secret.

        Raises:
            NotFoundError: there is no such secret.
        """

    @abstractmethod
    async def bulk_get(self, metadata: Mapping[str, str] = NO_METADATA) -> Mapping[str, Mapping[str, str]]:
        """Return all secrets the component may read, by name."""


class MultipleValues(Capability):
    """A secret may have several values."""

    feature: ClassVar[str] = "MULTIPLE_KEY_VALUES_PER_SECRET"
    of: ClassVar[type[Component] | None] = SecretStore
