"""Configuration over HTTP: settings, and calls back to the application when they change."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from ....configuration import Changes, Item
from ...appchannel import AppError
from ...blocks.configuration import Configurations
from ...errors.configuration import NoApplicationError
from ..jsontext import dump
from .request import NO_CONTENT, Request, Response
from .router import Router

#: How long the application may take to hear of one change, before the next is told.
TELL_SECONDS: Final = 60.0

logger: logging.Logger = logging.getLogger(__name__)


class ConfigurationHandlers:
    """``/v1.0/configuration``."""

    def __init__(self, block: Configurations) -> None:
        self._block = block

    def add_to(self, router: Router) -> None:
        """Add the paths."""
        for version in ("v1.0", "v1.0-alpha1"):
            path = f"/{version}/configuration/{{store}}"
            router.add("GET", path, self.get)
            router.add("GET", f"{path}/subscribe", self.subscribe)
            router.add("GET", f"{path}/{{id}}/unsubscribe", self.unsubscribe)

    async def get(self, request: Request, store: str) -> Response:
        """Answer with the settings that are there."""
        found = await self._block.get(store, _keys(request), request.metadata())
        return Response(200, dump(_items(found))) if found else NO_CONTENT

    async def subscribe(self, request: Request, store: str) -> Response:
        """Answer with the id of a subscription whose changes the application is called with."""
        self._block.store(store)
        if not self._block.application.exists:
            raise NoApplicationError
        caller = _Caller(self._block, store)
        subscription = await self._block.subscribe(store, _keys(request), request.metadata(), caller.tell)
        caller.id.set_result(subscription.id)
        return Response(200, dump({"id": subscription.id}))

    async def unsubscribe(self, request: Request, store: str, id: str) -> Response:  # noqa: ARG002  every handler gets its request
        """End a subscription, and answer whether there was one."""
        self._block.store(store)
        if await self._block.unsubscribe(id):
            return Response(200, dump({"ok": True}))
        reason = f"subscription with id {id} does not exist"
        message = f"failed to unsubscribe to configuration request {id}: {reason}"
        return Response(500, dump({"message": message}))


class _Caller:
    """Calls the application with the changes of one subscription."""

    def __init__(self, block: Configurations, store: str) -> None:
        self.id: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._application = block.application
        self._store = store

    async def tell(self, changes: Changes) -> None:
        """Tell of each change by itself; one that the application fails on is told no second time."""
        id_ = await asyncio.shield(self.id)
        for key, item in changes.items():
            event = dump({"id": id_, "items": {key: {} if item is None else _item(item)}})
            try:
                async with asyncio.timeout(TELL_SECONDS):
                    await self._application.setting_changed(self._store, key, event)
            except (AppError, TimeoutError) as error:
                reason = str(error) or f"no answer within {TELL_SECONDS:g} s"
                logger.error(  # noqa: TRY400  the error says it all
                    "error sending configuration item to the app: %s of %s: %s", key, self._store, reason
                )


def _keys(request: Request) -> tuple[str, ...]:
    found = parse_qsl(request.query, keep_blank_values=True)
    return tuple(value for name, value in found if name == "key")


def _items(items: Mapping[str, Item]) -> dict[str, Any]:
    return {key: _item(items[key]) for key in sorted(items)}


def _item(item: Item) -> dict[str, Any]:
    """Return an item as JSON, without what it does not have."""
    fields = {"value": item.value, "version": item.version, "metadata": dict(item.metadata)}
    return {name: value for name, value in fields.items() if value}
