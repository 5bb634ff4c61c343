"""
A state store in memcached, at the keys daprd uses.

Facts: components-contrib ``state/memcached/memcached.go`` and gomemcache, which picks a key's server among
several by CRC-32. The server forgets when it needs room or is started anew: it is a cache.
"""

from __future__ import annotations

import asyncio
import re
import time
import zlib
from collections.abc import Iterable, Sequence
from typing import Final
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
from pluggable.keyspace import NativeBulk
from pluggable.metadata import Metadata

from .. import ttl
from .answers import Answer
from .connection import Connection
from .settings import MemcachedSettings

#: So many keys are asked for in one command.
MOST_KEYS: Final = 200

_LONGEST_KEY: Final = 250
#: What begins a key that is encoded, since memcached takes no blanks; no text has this byte.
_ENCODED: Final = b"\xff"
_BLANK: Final = re.compile(r"[\x00-\x20\x7f]").search
#: What is longer is taken for a time since 1970.
_MONTH: Final = 60 * 60 * 24 * 30


class MemcachedStateStore(state.StateStore, state.Expiring, NativeBulk):
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
        _, values = await self._server(key).ask(b"get %b\r\n" % key)
        return state.GetResponse(data=values[key]) if values else None

    async def set(self, request: state.SetRequest) -> None:
        key = _key(request.key)
        answer = await self._server(key).ask(_setting(key, request))
        if (error := _stored(request, answer)) is not None:
            raise error

    async def delete(self, request: state.DeleteRequest) -> None:
        key = _key(request.key)
        await self._server(key).ask(b"delete %b\r\n" % key)

    async def bulk_get(
        self, requests: Sequence[state.GetRequest], *, parallelism: int = 0
    ) -> list[state.BulkGetItem]:
        keys = [_key_or_refusal(request.key) for request in requests]
        groups = [
            (server, some[at : at + MOST_KEYS])
            for server, some in self._by_server(key for key in keys if isinstance(key, bytes)).items()
            for at in range(0, len(some), MOST_KEYS)
        ]
        found: dict[bytes, bytes | ComponentError] = {}
        answers = await _together((server, [b"get %b\r\n" % b" ".join(some)]) for server, some in groups)
        for (_, some), [answer] in zip(groups, answers, strict=True):
            found.update(dict.fromkeys(some, answer) if isinstance(answer, ComponentError) else answer[1])
        return [
            _item(request.key, found.get(key) if isinstance(key, bytes) else key)
            for request, key in zip(requests, keys, strict=True)
        ]

    async def bulk_set(self, requests: Sequence[state.SetRequest], *, parallelism: int = 0) -> None:
        failures: dict[str, ComponentError] = {}
        commands: dict[Connection, list[tuple[state.SetRequest, bytes]]] = {}
        for request in requests:
            try:
                key = _key(request.key)
                command = _setting(key, request)
            except InvalidRequestError as error:
                failures[request.key] = error
            else:
                commands.setdefault(self._server(key), []).append((request, command))
        answers = await _together((server, [each[1] for each in some]) for server, some in commands.items())
        for some, found in zip(commands.values(), answers, strict=True):
            for (request, _), answer in zip(some, found, strict=True):
                if (failure := _stored(request, answer)) is not None:
                    failures[request.key] = failure
        if failures:
            raise BulkError(failures)

    def _by_server(self, keys: Iterable[bytes]) -> dict[Connection, list[bytes]]:
        """Return the keys that each server has."""
        if len(self._servers) == 1:
            return {self._servers[0]: list(keys)}
        found: dict[Connection, list[bytes]] = {}
        for key in keys:
            found.setdefault(self._server(key), []).append(key)
        return found

    def _server(self, key: bytes) -> Connection:
        if not self._servers:
            raise InitError("state.memcached was not initialised: await init first")
        if len(self._servers) == 1:
            return self._servers[0]
        return self._servers[zlib.crc32(key) % len(self._servers)]


async def _together(
    asked: Iterable[tuple[Connection, Sequence[bytes]]],
) -> list[list[Answer | ComponentError]]:
    """Send servers commands, those of a pair in one go, and return what became of each."""

    async def ask(server: Connection, commands: Sequence[bytes]) -> list[Answer | ComponentError]:
        try:
            return await server.ask_all(commands)
        except ComponentError as error:
            return [error] * len(commands)

    pairs = list(asked)
    if len(pairs) == 1:
        return [await ask(*pairs[0])]
    return await asyncio.gather(*(ask(*pair) for pair in pairs))


def _setting(key: bytes, request: state.SetRequest) -> bytes:
    data = request.value
    return b"set %b 0 %d %d\r\n%b\r\n" % (key, _expiration(request), len(data), data)


def _stored(request: state.SetRequest, answer: Answer | ComponentError) -> ComponentError | None:
    """Return why a value is not stored, ``None`` if it is."""
    if isinstance(answer, ComponentError):
        return answer
    line, _ = answer
    if line == b"STORED":
        return None
    return LimitExceededError(f'"{request.key}" was not stored: {line.decode(errors="replace")}')


def _item(key: str, found: bytes | ComponentError | None) -> state.BulkGetItem:
    if found is None:
        return state.BulkGetItem(key=key)
    if isinstance(found, bytes):
        return state.BulkGetItem(key=key, value=state.GetResponse(data=found))
    return state.BulkGetItem(key=key, error=str(found))


def _key_or_refusal(text: str) -> bytes | InvalidRequestError:
    try:
        return _key(text)
    except InvalidRequestError as error:
        return error


def _key(text: str) -> bytes:
    """
    Return the key as it is sent.

    Raises:
        InvalidRequestError: memcached takes none like it.
    """
    key = text.encode()
    if _BLANK(text) is not None:
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
