"""The connection to a server, a cluster or the master that sentinels name; requests share pipelines."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final, Self

from redis import asyncio as redis
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import ExponentialBackoff
from redis.exceptions import TimeoutError as NoAnswerError

from pluggable.errors import InitError, UnavailableError

from .errors import FAILURES, error_of
from .settings import RedisSettings

#: A command and its arguments, as redis-py packs them.
Command = Sequence[Any]

#: So many pipelines are under way at once; what comes meanwhile goes with the next.
LANES: Final = 2
#: So many commands go in one pipeline.
LONGEST_PIPELINE: Final = 256
_DIAL_TIMEOUT: Final = 5.0
_READ_TIMEOUT: Final = 3.0
#: So many keys a server looks at in one go when all are asked for.
_SCANNED: Final = 1000


class RedisConnection:
    """Opened by ``open``. Concurrent commands are sent together and answered each for itself."""

    def __init__(
        self,
        client: redis.Redis | redis.RedisCluster,
        address: str,
        patience: float | None,
        stack: AsyncExitStack,
        options: Mapping[str, Any],
    ) -> None:
        self.address = address
        self._options = options
        self._patience = patience
        self._client = client
        self._stack = stack
        self._waiting: list[tuple[Command, asyncio.Future[Any]]] = []
        self._lanes: set[asyncio.Task[None]] = set()
        self._sending = 0
        self._flushing = False
        self._closed = False

    @classmethod
    async def open(cls, settings: RedisSettings, *, read_timeout: float | None = None) -> Self:
        """
        Connect and see that the server answers.

        Args:
            settings: Where the server is.
            read_timeout: How long an answer may take, where that is not the settings' matter.

        Raises:
            InitError: it does not, or refuses the password.
        """
        address = ",".join(f"{host}:{port}" for host, port in settings.addresses)
        async with AsyncExitStack() as stack:
            options = _options(settings)
            if settings.enable_tls:
                options |= await asyncio.to_thread(_tls, settings, stack)
            client = _client(settings, options)
            stack.push_async_callback(client.aclose)
            found = cls(client, address, _patience(settings, read_timeout), stack, options)
            try:
                await found.alone("PING")
            except FAILURES as error:
                raise InitError(str(error_of(error, address))) from error
            found._stack = stack.pop_all()
            return found

    async def close(self) -> None:
        """Give up what is under way and disconnect."""
        self._closed = True
        for lane in self._lanes:
            lane.cancel()
        if self._lanes:
            await asyncio.wait(self._lanes)
        for _, answer in self._waiting:
            answer.cancel()
        await self._stack.aclose()

    async def call(self, *command: Any) -> Any:
        """
        Return the answer to a command.

        Raises:
            Exception: one of ``errors.FAILURES``, as it came.
        """
        return await self.submit(command)

    def submit(self, command: Command) -> asyncio.Future[Any]:
        """Return what will have the answer to a command; it goes out with the others of this turn."""
        if self._closed:
            raise UnavailableError(f"redis {self.address}: the connection is closed")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()
        self._waiting.append((command, answer))
        if not self._flushing and self._sending < LANES:
            self._flushing = True
            loop.call_soon(self._flush)
        return answer

    async def together(self, commands: Sequence[Command]) -> list[Any]:
        """Return the answers to commands sent in a row on one connection; a refusal is an answer."""
        pipeline = self._client.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        async with self._in_time():
            answers: list[Any] = await pipeline.execute(raise_on_error=False)
        return answers

    async def alone(self, *command: Any, **options: Any) -> Any:
        """Return the answer to a command that has a connection to itself, such as one that blocks."""
        async with self._in_time():
            return await self._client.execute_command(*command, **options)

    async def keys(self) -> list[str]:
        """Return all keys that are texts, of every server."""
        found = [key async for key in self._client.scan_iter(count=_SCANNED)]
        return [key.decode() for key in found if _is_text(key)]

    async def servers(self, stack: AsyncExitStack) -> list[redis.Redis]:
        """Return a client of each server with keys of its own, in a cluster those that the stack closes."""
        if isinstance(self._client, redis.Redis):
            return [self._client]
        masters = [
            redis.Redis(host=node.host, port=int(node.port), **self._options)
            for node in self._client.get_primaries()
        ]
        for master in masters:
            stack.push_async_callback(master.aclose)
        return masters

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        """
        Bound what is done in here.

        redis-py's own bound on writing may swallow a cancellation on Python 3.11, so it has none.
        """
        try:
            async with asyncio.timeout(self._patience):
                yield
        except TimeoutError as error:
            raise NoAnswerError(f"no answer within {self._patience:g} s") from error

    def _flush(self) -> None:
        self._flushing = False
        if self._waiting and not self._closed and self._sending < LANES:
            self._sending += 1
            lane = asyncio.create_task(self._send())
            self._lanes.add(lane)
            lane.add_done_callback(self._lanes.discard)

    async def _send(self) -> None:
        """Send what waits until nothing does."""
        try:
            while self._waiting:
                await self._send_some()
        finally:
            # Counted here and not when the task is done, which is a moment later: a command that came in that
            # moment would wait for a lane that has left.
            self._sending -= 1

    async def _send_some(self) -> None:
        batch = self._waiting[:LONGEST_PIPELINE]
        del self._waiting[:LONGEST_PIPELINE]
        try:
            answers = await self._answers([command for command, _ in batch])
        except asyncio.CancelledError:
            for _, waiting in batch:
                waiting.cancel()
            raise
        for (_, waiting), answer in zip(batch, answers, strict=True):
            if waiting.done():
                continue
            if isinstance(answer, Exception):
                waiting.set_exception(answer)
            else:
                waiting.set_result(answer)

    async def _answers(self, commands: Sequence[Command]) -> list[Any]:
        try:
            if len(commands) == 1:
                return [await self.alone(*commands[0])]
            return await self.together(commands)
        except Exception as error:  # noqa: BLE001  each caller gets it, a lane lives on
            return [error for _ in commands]


def _client(settings: RedisSettings, options: dict[str, Any]) -> redis.Redis | redis.RedisCluster:
    if settings.redis_type == "cluster":
        nodes = [ClusterNode(host, port) for host, port in settings.addresses]
        return redis.RedisCluster(startup_nodes=nodes, **options)
    options = {**options, "db": settings.redis_db}
    if settings.failover:
        sentinels = Sentinel(  # type: ignore[no-untyped-call]  # redis-py left it untyped
            settings.addresses,
            sentinel_kwargs={
                "username": settings.sentinel_username or None,
                "password": settings.sentinel_password or None,
                "socket_connect_timeout": options["socket_connect_timeout"],
            },
            **options,
        )
        master: redis.Redis = sentinels.master_for(settings.sentinel_master_name)
        return master
    host, port = settings.addresses[0]
    return redis.Redis(host=host, port=port, **options)


def _is_text(key: bytes) -> bool:
    try:
        key.decode()
    except UnicodeDecodeError:
        return False
    return True


def _patience(settings: RedisSettings, read_timeout: float | None) -> float | None:
    """Return how long an answer may take, with the time to connect again; ``None`` for any time."""
    seconds = settings.read_timeout.total_seconds() if read_timeout is None else read_timeout
    dial_timeout = settings.dial_timeout.total_seconds() or _DIAL_TIMEOUT
    return None if seconds < 0 else (seconds or _READ_TIMEOUT) + dial_timeout


def _options(settings: RedisSettings) -> dict[str, Any]:
    return {
        "username": settings.redis_username or None,
        "password": settings.redis_password or None,
        "socket_connect_timeout": settings.dial_timeout.total_seconds() or _DIAL_TIMEOUT,
        "socket_timeout": None,
        "socket_keepalive": True,
        # RESP2, as servers before 6 speak nothing else.
        "protocol": 2,
        "retry": Retry(
            ExponentialBackoff(
                cap=settings.redis_max_retry_interval.total_seconds(),
                base=settings.redis_min_retry_interval.total_seconds(),
            ),
            max(0, settings.redis_max_retries),
        ),
    }


def _tls(settings: RedisSettings, stack: AsyncExitStack) -> dict[str, Any]:
    """Return the options of TLS; redis-py reads certificates from files, for each connection anew."""
    options: dict[str, Any] = {"ssl": True}
    if settings.insecure_skip_tls_verify:
        options |= {"ssl_cert_reqs": "none", "ssl_check_hostname": False}
    if settings.client_cert:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="pluggable-redis-"))
        for option, text in (("ssl_certfile", settings.client_cert), ("ssl_keyfile", settings.client_key)):
            options[option] = os.path.join(folder, option)
            with open(options[option], "w", encoding="utf-8") as file:
                file.write(text)
    return options
