"""Settings in the memory of their process: those of its component's YAML, and of a file that changes."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from pluggable import About
from pluggable.configuration import Changes, ConfigurationStore, GetRequest, Item, Notify, SubscribeRequest
from pluggable.errors import InitError
from pluggable.metadata import Metadata, setting

logger = logging.getLogger(__name__)

#: How often the file is looked at, while somebody listens.
LOOK_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class InMemoryConfigurationSettings:
    """The properties of ``configuration.in-memory``."""

    items: str = setting(
        default="",
        description="A JSON object of settings, each a text or an object with value, version and metadata.",
        example='{"greeting": "hello", "limit": {"value": "5", "version": "1"}}',
    )
    items_file: str = setting(
        default="",
        description="A file with such an object, read whenever it changes; it goes before items.",
        example="/etc/orders/settings.json",
    )


class InMemoryConfigurationStore(ConfigurationStore):
    """Settings for development; they are changed in their file, or by YAML that is loaded again."""

    about = About(
        settings=InMemoryConfigurationSettings,
        title="In-memory",
        description="Settings from the component's YAML, and from a file that may change; for trying out.",
        url="https://docs.dapr.io/reference/components-reference/supported-configuration-stores/",
        status="development-only",
    )

    def __init__(self) -> None:
        self._name = ""
        self._fixed: dict[str, Item] = {}
        self._path: Path | None = None
        self._read: dict[str, Item] = {}
        self._seen: object = ()

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(InMemoryConfigurationSettings)
        self._name = metadata.name
        try:
            self._fixed = _items(settings.items) if settings.items else {}
        except ValueError as error:
            raise InitError(f"items: {error}") from error
        if settings.items_file:
            self._path = Path(settings.items_file)
            try:
                self._read = await asyncio.to_thread(_file, self._path)
            except (OSError, ValueError) as error:
                raise InitError(f"itemsFile {self._path}: {error}") from error

    async def get(self, request: GetRequest) -> Mapping[str, Item]:
        items = await self._items()
        return {key: items[key] for key in request.keys or items if key in items}

    async def subscribe(self, request: SubscribeRequest, notify: Notify) -> None:
        asked = GetRequest(keys=request.keys)
        known = await self.get(asked)
        notify.ready()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            found = await self.get(asked)
            changes: Changes = {
                key: found.get(key) for key in {**known, **found} if known.get(key) != found.get(key)
            }
            known = found
            if changes:
                await notify(changes)

    async def _items(self) -> Mapping[str, Item]:
        """Return all settings; a file that cannot be read leaves those that it had."""
        if self._path is None:
            return self._fixed
        seen = _looks(self._path)
        if seen != self._seen:
            try:
                self._read = await asyncio.to_thread(_file, self._path)
            except (OSError, ValueError) as error:
                logger.warning(
                    'configuration.in-memory "%s": itemsFile %s is not read, what it had holds: %s',
                    self._name,
                    self._path,
                    error,
                )
            self._seen = seen
        return {**self._fixed, **self._read}


def _looks(path: Path) -> object:
    """Return what is different after a change; a file that is gone looks like nothing."""
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_mtime_ns, about.st_size, about.st_ino


def _file(path: Path) -> dict[str, Item]:
    return _items(path.read_text(encoding="utf-8"))


def _items(text: str) -> dict[str, Item]:
    """
    Return the settings that a JSON object has.

    Raises:
        ValueError: it is none, or one of them cannot be a setting.
    """
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError(f"it is a {type(found).__name__}, wanted a JSON object of settings")  # noqa: TRY004
    return {key: _item(key, value) for key, value in found.items()}


def _item(key: str, value: Any) -> Item:
    match value:
        case str():
            return Item(value=value)
        case {"value": str(text), **rest}:
            item = Item(value=text)
            match rest.pop("version", None):
                case str(version):
                    item = replace(item, version=version)
            metadata = rest.pop("metadata", None) or {}
            if not rest and isinstance(metadata, dict) and all(map(_is_text, metadata.values())):
                return replace(item, metadata=metadata)
    raise ValueError(
        f'"{key}" is {json.dumps(value)}, wanted a text or an object with value, version and metadata'
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
