"""
A state store in memcached, at the keys daprd uses.

Facts: components-contrib ``state/memcached/memcached.go`` and gomemcache, which picks a key's server among
several by CRC-32. The server forgets when it needs room or is started anew: it is a cache.
"""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import Callable, Sequence
from typing import Final, TypeVar
from urllib.parse import quote

from pluggable import About, state
from pluggable.errors import (
    BulkError,
    ComponentError,
    InitError,
    InvalidRequestError,
    LimitExceededError,
    TimedOutError,
    UnavailableError,
)
from pluggable.metadata import Metadata

from .. import ttl
from .connection import Answer, Connection
from .settings import MemcachedSettings

_R = TypeVar("_R")

_LONGEST_KEY: Final = 250
#: What begins a key that is encoded, since memcached takes no blanks; no text has this byte.
_ENCODED: Final = b"\xff"
#: What is longer is taken for a time since 1970.
_MONTH: Final = 60 * 60 * 24 * 30


class MemcachedStateStore(state.StateStore, state.Expiring):
    """Keys and values in one memcached or several; requests to a server share a connection."""

    about = About(
        settings=MemcachedSettings,
        title="Memcached",
        description="Keys and values in memcached, at the keys that daprd's state.memcached uses.",
        url="https://docs.dapr.io/reference/components-reference/supported-state-stores/setup-memcached/",
    )

    def __init__(self) -> None:
        self._servers: list[Connection] = []

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(MemcachedSettings)
        self._servers = [
            Connection(host, port, settings.timeout_seconds) for host, port in settings.addresses
        ]
        try:
            await self.ping()
        except (UnavailableError, TimedOutError) as error:
            await self.close()
            raise InitError(str(error)) from error

    async def close(self) -> None:
        for server in self._servers:
            await server.close()

    async def ping(self) -> None:
        asked = (server.ask(b"version\r\n") for server in self._servers)
        for answer in await asyncio.gather(*asked, return_exceptions=True):
            if isinstance(answer, BaseException):
                raise answer

    async def get(self, request: state.GetRequest) -> state.GetResponse | None:
        key = _key(request.key)
        _, value = await self._server(key).ask(b"get %b\r\n" % key)
        return None if value is None else state.GetResponse(data=value)

    async def set(self, request: state.SetRequest) -> None:
        key, command = _setting(request)
        if (error := _stored(request, await self._server(key).ask(command))) is not None:
            raise error

    async def bulk_get(
        self, requests: Sequence[state.GetRequest], *, parallelism: int = 0
    ) -> list[state.BulkGetItem]:
        answers = await self._together(requests, _getting)
        return [_item(request.key, answer) for request, answer in zip(requests, answers, strict=True)]

    async def bulk_set(self, requests: Sequence[state.SetRequest], *, parallelism: int = 0) -> None:
        answers = await self._together(requests, _setting)
        failures = {
            request.key: error
            for request, answer in zip(requests, answers, strict=True)
            if (error := _stored(request, answer)) is not None
        }
        if failures:
            raise BulkError(failures)

    async def delete(self, request: state.DeleteRequest) -> None:
        key = _key(request.key)
        await self._server(key).ask(b"delete %b\r\n" % key)

    async def _together(
        self, requests: Sequence[_R], command_of: Callable[[_R], tuple[bytes, bytes]]
    ) -> list[Answer | ComponentError]:
        """Ask for all, what is for one server in one go, and return what became of each, in their order."""
        answers: dict[int, Answer | ComponentError] = {}
        asked: dict[Connection, list[tuple[int, bytes]]] = {}
        for place, request in enumerate(requests):
            try:
                key, command = command_of(request)
            except ComponentError as error:
                answers[place] = error
            else:
                asked.setdefault(self._server(key), []).append((place, command))

        async def ask(server: Connection, some: list[tuple[int, bytes]]) -> None:
            try:
                found = await server.ask_all([command for _, command in some])
            except ComponentError as error:
                found = [error] * len(some)
            answers.update(zip((place for place, _ in some), found, strict=True))

        await asyncio.gather(*(ask(server, some) for server, some in asked.items()))
        return [answers[place] for place in range(len(requests))]

    def _server(self, key: bytes) -> Connection:
        if not self._servers:
            raise InitError("state.memcached was not initialised: await init first")
        if len(self._servers) == 1:
            return self._servers[0]
        return self._servers[zlib.crc32(key) % len(self._servers)]


def _getting(request: state.GetRequest) -> tuple[bytes, bytes]:
    """Return the key as it is sent, and the command."""
    key = _key(request.key)
    return key, b"get %b\r\n" % key


def _setting(request: state.SetRequest) -> tuple[bytes, bytes]:
    key, data = _key(request.key), request.value
    return key, b"set %b 0 %d %d\r\n%b\r\n" % (key, _expiration(request), len(data), data)


def _stored(request: state.SetRequest, answer: Answer | ComponentError) -> ComponentError | None:
    """Return why a value is not stored, ``None`` if it is."""
    if isinstance(answer, ComponentError):
        return answer
    line, _ = answer
    if line == b"STORED":
        return None
    return LimitExceededError(f'"{request.key}" was not stored: {line.decode(errors="replace")}')


def _item(key: str, answer: Answer | ComponentError) -> state.BulkGetItem:
    if isinstance(answer, ComponentError):
        return state.BulkGetItem(key=key, error=str(answer))
    _, value = answer
    return state.BulkGetItem(key=key, value=None if value is None else state.GetResponse(data=value))


def _key(text: str) -> bytes:
    """
    Return the key as it is sent.

    Raises:
        InvalidRequestError: memcached takes none like it.
    """
    key = text.encode()
    if any(byte <= 0x20 or byte == 0x7F for byte in key):
        key = _ENCODED + quote(key, safe="|").encode()
    if not 0 < len(key) <= _LONGEST_KEY:
        raise InvalidRequestError(
            f"the key {text!r} has {len(key)} bytes as memcached gets it, wanted 1 to {_LONGEST_KEY}"
        )
    return key


def _expiration(request: state.SetRequest) -> int:
    """Return the seconds to live as memcached counts them; 0 is for ever."""
    seconds = ttl.seconds_to_live(request.metadata) if request.metadata else None
    if seconds is None or seconds <= 0:
        return 0
    return int(time.time()) + seconds if seconds >= _MONTH else seconds
