"""Gets of several callers that leave as one call, for stores that serve many keys in one go."""

from __future__ import annotations

import asyncio
import logging
from typing import Final, Protocol

from ... import state
from ...errors import ComponentError, UnavailableError, UnsupportedError

logger: logging.Logger = logging.getLogger(__name__)

#: The most keys of one call, however many the store takes.
KEYS: Final = 256
#: How many bytes the values of one call should have together, by what the last ones had.
BYTES: Final = 1024 * 1024
#: How long a call may hold up those that gather behind it; then they leave beside it.
PATIENCE_SECONDS: Final = 0.05
#: How long the store may take to say how many keys it takes.
LIMIT_SECONDS: Final = 5.0

_Found = state.GetResponse | None
_Waiting = dict[str, list[asyncio.Future[_Found]]]
_PLAIN: Final = state.Consistency.UNSPECIFIED


class Store(Protocol):
    """A store that serves many keys in one go."""

    async def get(self, request: state.GetRequest) -> _Found: ...

    async def bulk_get(
        self, requests: list[state.GetRequest], *, parallelism: int = 0
    ) -> list[state.BulkGetItem]: ...

    async def bulk_get_limit(self) -> int | None: ...


class Gathering:
    """
    The gets of one store. The first leaves at once; those that come while it is under way leave together.

    Only gets without options are gathered. A key that fails in a bulk get is asked for once more on its own,
    and so are all when the call as a whole is refused: their callers see the errors they would have seen.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: _Waiting = {}
        self._under_way = 0
        self._patience: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._limit: int | None = None
        """How many keys the store takes in one call; not asked yet."""
        self._most = KEYS
        """How many are sent, less after a refusal."""
        self._mean_bytes = 0.0

    async def get(self, request: state.GetRequest) -> _Found:
        """Return the value, or ``None`` if there is no such key; raises what the store's ``get`` does."""
        if request.consistency is not _PLAIN or request.metadata:
            return await self._store.get(request)
        if not self._under_way:
            self._under_way = 1
            try:
                return await self._store.get(request)
            finally:
                self._ended()
        found: asyncio.Future[_Found] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.get(request.key)
        if waiting is None:
            self._waiting[request.key] = [found]
            if self._patience is None:
                self._be_patient()
        else:
            waiting.append(found)
        return await found

    def _ended(self) -> None:
        """Let those that have gathered leave behind a call."""
        self._under_way -= 1
        if self._waiting:
            self._leave()

    def _be_patient(self) -> None:
        self._patience = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._leave)

    def _leave(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        self._under_way += 1
        task = asyncio.create_task(self._round(), name="gets that were gathered")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _round(self) -> None:
        """Get for those that wait now, as many as one call may have."""
        again: _Waiting = {}
        taken: _Waiting = {}
        try:
            if self._limit is None:
                self._limit = await self._asked_limit()
            taken = self._taken()
            again = await self._fetched(taken)
        except ComponentError as error:
            _fail(taken, error)
        except Exception as error:
            logger.exception("a bulk get failed")
            _fail(taken, error)
        finally:
            self._ended()
        await asyncio.gather(*(self._alone(key, callers) for key, callers in again.items()))

    def _taken(self) -> _Waiting:
        most = min(self._most, self._limit or KEYS)
        if self._mean_bytes * most > BYTES:
            most = max(1, int(BYTES / self._mean_bytes))
        if len(self._waiting) <= most:
            taken, self._waiting = self._waiting, {}
            return taken
        taken = {key: self._waiting.pop(key) for key in list(self._waiting)[:most]}
        self._be_patient()
        return taken

    async def _fetched(self, taken: _Waiting) -> _Waiting:
        """Get the values, tell who waits for them, and return the keys that are to be asked for alone."""
        if len(taken) < 2:
            return taken
        try:
            items = await self._store.bulk_get([state.GetRequest(key=key) for key in taken])
        except UnavailableError:
            raise
        except ComponentError as error:
            self._most, self._limit = max(1, len(taken) // 2), None
            logger.debug("a bulk get of %d keys was refused, they are got one by one: %s", len(taken), error)
            return taken
        self._most = min(KEYS, 2 * self._most)
        size = 0
        again: _Waiting = {}
        for item in items:
            callers = taken[item.key]
            if item.error is not None:
                again[item.key] = callers
                continue
            value = item.value
            if value is not None:
                size += len(value.data)
            for caller in callers:
                if not caller.done():
                    caller.set_result(value)
        mean = size / len(items)
        self._mean_bytes = max(mean, (self._mean_bytes + mean) / 2)
        return again

    async def _alone(self, key: str, callers: list[asyncio.Future[_Found]]) -> None:
        try:
            value = await self._store.get(state.GetRequest(key=key))
        except Exception as error:  # noqa: BLE001  whatever it is, the callers see it as if they had called
            _fail({key: callers}, error)
            return
        for caller in callers:
            if not caller.done():
                caller.set_result(value)

    async def _asked_limit(self) -> int:
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                return await self._store.bulk_get_limit() or KEYS
        except UnsupportedError:
            return KEYS
        except (ComponentError, TimeoutError) as error:
            logger.warning("a store does not say how many keys it takes, %d are sent: %r", KEYS, error)
            return KEYS


def _fail(taken: _Waiting, error: Exception) -> None:
    for callers in taken.values():
        for caller in callers:
            if not caller.done():
                caller.set_exception(error)
