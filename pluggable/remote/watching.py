"""A subscription to a configuration store: its streams, and what changed while there was none."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from .._proto.pluggable.components.v1alpha1 import configuration_pb2 as pb
from .._wire import configuration as wire, names
from ..configuration import Changes, GetRequest, Item, Notify, SubscribeRequest
from ..errors import ComponentError, TimedOutError, UnavailableError
from ..transport import ClientStream, StatusError
from .backoff import Backoff
from .connection import Connection
from .reopening import reopened

logger: logging.Logger = logging.getLogger(__name__)

_SUBSCRIBE: Final = names.path(names.CONFIGURATION_STORE, "Subscribe")
#: How long a component that says nothing is waited for before its subscription is taken to stand.
STAND_SECONDS: Final = 5.0


class Watcher:
    """What a subscription runs until it is cancelled."""

    def __init__(
        self,
        connection: Connection,
        request: SubscribeRequest,
        notify: Notify,
        get: Callable[[GetRequest], Awaitable[Mapping[str, Item]]],
    ) -> None:
        self._connection = connection
        self._request = request
        self._notify = notify
        self._get = get
        self._source = f"the configuration of {connection.name}"
        self._backoff = Backoff()
        self._known: dict[str, Item] | None = None
        """What the subscriber may take to be there; before it was learnt, ``None``."""
        self._caught_up: dict[str, Item | None] = {}
        """What was told of the time without a stream, and may come by the stream once more."""

    async def run(self) -> None:
        """Tell of changes until cancelled."""
        await reopened(self._connection, self._source, self._backoff, self._stream_ended)

    async def _stream_ended(self) -> str:
        """Run one stream to its end and return why it ended."""
        try:
            stream, life = await self._connection.stream(_SUBSCRIBE)
        except ComponentError as error:
            return str(error)
        async with stream:
            try:
                with contextlib.suppress(StatusError):  # a call that is refused at once says why in receive
                    await stream.send(wire.subscribe_request_pb(self._request).SerializeToString())
                    await stream.half_close()
                await self._followed(stream)
            except StatusError as status:
                return str(self._connection.stream_error(status, life))
            except ComponentError as error:
                return str(error)
        return "the component ended it, which it never should"

    async def _followed(self, stream: ClientStream) -> None:
        # Neither is cancelled as long as the stream is of use: that might end it.
        standing = asyncio.create_task(_headers(stream))
        receiving = asyncio.create_task(stream.receive())
        try:
            await self._stands(standing, receiving)
            if not _ended(receiving):
                await self._catch_up()
            if not _ended(receiving):  # else it was refused, which the headers do not tell
                self._notify.ready()
            while (data := await receiving) is not None:
                self._backoff.reset()
                message = self._connection.parsed(_SUBSCRIBE, data, pb.SubscribeConfigurationResponse)
                await self._tell(self._news(wire.subscribe_response(message)))
                receiving = asyncio.create_task(stream.receive())
        finally:
            standing.cancel()
            receiving.cancel()
            await asyncio.gather(standing, receiving, return_exceptions=True)

    async def _stands(self, standing: asyncio.Task[None], receiving: asyncio.Task[bytes | None]) -> None:
        """Wait for the headers, which a component sends when what changes from then on will be told."""
        done, _ = await asyncio.wait(
            [standing, receiving], timeout=STAND_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        if not done:
            logger.warning(
                "%s: the component does not say that the subscription stands; it should send headers",
                self._source,
            )

    async def _catch_up(self) -> None:
        """
        Learn what is there now, and tell what is different from what was known before.

        Raises:
            UnavailableError: the component cannot say now; it is asked again on the next stream.
            TimedOutError: the same.
        """
        try:
            found = await self._get(GetRequest(keys=self._request.keys, metadata=self._request.metadata))
        except (UnavailableError, TimedOutError):
            raise
        except ComponentError as error:
            logger.warning(
                "%s: what changes while there is no stream cannot be known: %s", self._source, error
            )
            return
        known, self._known = self._known, dict(found)
        if known is not None:
            changes: dict[str, Item | None] = dict.fromkeys(known.keys() - found.keys())
            changes |= {key: item for key, item in found.items() if known.get(key) != item}
            self._caught_up = dict(changes)
            await self._tell(changes)

    def _news(self, changes: Changes) -> dict[str, Item | None]:
        """Return what of the changes was not told just before."""
        news = {}
        for key, item in changes.items():
            if key in self._caught_up and self._caught_up.pop(key) == item:
                continue
            news[key] = item
        return news

    async def _tell(self, changes: Changes) -> None:
        if not changes:
            return
        if self._known is not None:
            for key, item in changes.items():
                if item is None:
                    self._known.pop(key, None)
                else:
                    self._known[key] = item
        try:
            await self._notify(changes)
        except Exception:  # one change must not end the subscription
            logger.exception("%s: a change could not be told", self._source)


async def _headers(stream: ClientStream) -> None:
    with contextlib.suppress(StatusError):  # who receives learns it too
        await stream.headers()


def _ended(receiving: asyncio.Task[bytes | None]) -> bool:
    """Return whether the stream has ended, rather than brought something or nothing yet."""
    return receiving.done() and (receiving.exception() is not None or receiving.result() is None)
