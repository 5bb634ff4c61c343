"""
A set of JSON Web Keys at an address.

Source: dapr/kit ``jwkscache``.
"""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import timedelta

from pluggable.errors import InitError

from .key import VaultKey
from .keyset import MOST_BYTES, Keys, KeySet, read_set

logger = logging.getLogger(__name__)


class FetchedSet(KeySet):
    """
    A set at an address, fetched again while it is in use, but not more often than at an interval.

    A key that is not in the set is waited for, if it may be fetched again. If that fails the keys stay as
    they were.
    """

    def __init__(self, url: str, *, timeout: timedelta, interval: timedelta) -> None:
        self._url = url
        self._timeout = timeout.total_seconds()
        self._interval = interval.total_seconds()
        self._keys: Keys = {}
        self._fetched = 0.0
        self._fetching: asyncio.Task[None] | None = None

    async def open(self) -> None:
        if self._url.startswith("http://"):
            logger.warning("the keys come over HTTP without TLS: whoever is in between may change them")
        self._fetched = time.monotonic()
        try:
            self._keys = await self._fetch()
        except (OSError, ValueError, TimeoutError) as error:
            raise InitError(f"jwks cannot be fetched: {_told(error, self._timeout)}") from error

    async def get(self, name: str) -> VaultKey | None:
        if self._fetching is None and time.monotonic() - self._fetched >= self._interval:
            self._fetching = asyncio.create_task(self._refresh(), name="fetching keys")
        if name not in self._keys and self._fetching is not None:
            await asyncio.shield(self._fetching)
        return self._keys.get(name)

    async def close(self) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    async def _refresh(self) -> None:
        self._fetched = time.monotonic()
        try:
            self._keys = await self._fetch()
        except (OSError, ValueError, TimeoutError) as error:
            logger.warning(
                "the keys stay as they were, fetching them failed: %s", _told(error, self._timeout)
            )
        finally:
            self._fetching = None

    async def _fetch(self) -> Keys:
        """
        Return the keys that are there now.

        Raises:
            OSError: nobody answers.
            TimeoutError: not in time.
            ValueError: the answer is no set of keys.
        """
        import aiohttp  # heavy: only who fetches keys pays for it

        timeout = aiohttp.ClientTimeout(total=self._timeout)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            try:
                async with session.get(self._url) as answer:
                    if answer.status != 200:
                        raise ValueError(f"the answer has status {answer.status}, wanted 200")
                    data = await answer.content.read(MOST_BYTES + 1)
                    while len(data) <= MOST_BYTES and (more := await answer.content.readany()):
                        data += more
            except aiohttp.ClientError as error:
                raise ConnectionError(str(error)) from error
        return await asyncio.to_thread(read_set, data)  # which checks keys, and that takes its time


def _told(error: Exception, seconds: float) -> str:
    return f"no answer within {seconds:g} s" if isinstance(error, TimeoutError) else str(error)
