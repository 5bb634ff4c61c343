"""The middleware of one side, in the order of the configuration, as far as it is loaded."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from ..components.catalog import Catalog
from ..resources import Handler
from .base import Middleware

logger: logging.Logger = logging.getLogger(__name__)


class Pipeline:
    """
    Follows what is loaded: a handler counts while a middleware of its name, type and version is there.

    ``chain`` is what a request goes through; who has taken it uses it for the answer, too.
    """

    def __init__(self, side: str, handlers: Sequence[Handler], catalog: Catalog) -> None:
        self.chain: tuple[Middleware, ...] = ()
        self._side = side
        self._handlers = handlers
        self._catalog = catalog
        self._loaded: tuple[object, ...] = ()
        if handlers:
            catalog.watch(self._follow)

    def __bool__(self) -> bool:
        """Whether the configuration names any handler at all."""
        return bool(self._handlers)

    def _follow(self) -> None:
        shelf: Mapping[str, object] = self._catalog.middleware
        loaded = tuple(shelf.get(handler.name) for handler in self._handlers)
        if loaded == self._loaded:
            return
        self._loaded = loaded
        self.chain = tuple(
            found.component
            for handler in self._handlers
            if (found := self._catalog.middleware.get(handler.name)) is not None
            and (found.spec.type, found.spec.version) == (handler.type, handler.version)
        )
        logger.info(
            "%s pipeline: %d of %d handlers are loaded", self._side, len(self.chain), len(self._handlers)
        )
