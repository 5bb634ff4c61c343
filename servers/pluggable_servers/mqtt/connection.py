"""One client of a broker on this event loop: connected again after trouble, acknowledging when told to."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from pluggable.errors import (
    ComponentError,
    DeniedError,
    InitError,
    InvalidRequestError,
    TimedOutError,
    UnavailableError,
)

from .answers import PATIENCE, Answers
from .errors import FAILURES, refusal, unreachable
from .reach import DIAL_SECONDS, explained
from .settings import MQTTSettings, context_of

logger = logging.getLogger(__name__)

#: After trouble with the broker the pause before the next attempt grows from one to the other, in seconds.
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 10.0
#: How long a request waits for a connection that was lost; blips are shorter.
_GRACE: Final = 2.0
_KEEPALIVE: Final = 30
#: So many messages are under way to the broker at once, and so many that it has not acknowledged are kept.
_UNDER_WAY: Final = 256
#: How often the client looks after its keep-alive.
_LOOK_EVERY: Final = 1.0

Arrived = Callable[[paho.MQTTMessage], None]
Connected = Callable[[bool], Awaitable[None]]


class MQTTConnection:
    """Opened by ``open``; what arrives is the caller's to acknowledge."""

    def __init__(
        self, settings: MQTTSettings, client_id: str, arrived: Arrived, connected: Connected | None = None
    ) -> None:
        host, port = settings.address
        self.address = f"{host}:{port}"
        self._host, self._port = host, port
        self._settings = settings
        self._context: ssl.SSLContext | None = None
        self._arrived = arrived
        self._connected = connected
        self._client = self._made(client_id)
        self._up = asyncio.Event()
        self._lost = asyncio.Event()
        self._trouble: ComponentError = UnavailableError(f"mqtt {self.address}: not connected")
        self._greeting: asyncio.Future[bool] | None = None
        self._answers = Answers(self._client, self.address)
        self._keeper: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """
        Connect, and from now on again whenever the connection is lost.

        Raises:
            InitError: the broker cannot be reached, or refuses.
        """
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        try:
            if self._settings.tls:
                self._context = await asyncio.to_thread(context_of, self._settings)
                self._client.tls_set_context(self._context)
            await self._connect()
        except ComponentError as error:
            raise InitError(str(error)) from error
        except FAILURES as error:
            raise InitError(str(unreachable(error, self.address))) from error
        self._keeper = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """Disconnect in good order; what is not acknowledged is the broker's again."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
        self._client.disconnect()
        self._client.loop_write()
        self._client._sock_close()
        self._answers.cancel()

    async def publish(self, topic: str, data: bytes, *, qos: int, retain: bool) -> None:
        """
        Publish, and wait until the broker has it, or with QoS 0 until it is on its way.

        Raises:
            InvalidRequestError: it is no topic to publish to, or the data are too long.
            UnavailableError: there is no connection, or one after the other is lost.
            TimedOutError: the broker did not say that it has it; it may have it.
        """
        await self.wait_connected()
        try:
            sent = self._client.publish(topic, data, qos, retain)
        except ValueError as error:
            raise InvalidRequestError(f'mqtt: cannot publish to topic "{topic}": {error}') from error
        await self._answers.to(sent.mid, f'a message to topic "{topic}"')

    async def subscribe(self, pattern: str, qos: int) -> None:
        """
        Have the broker send what fits a filter.

        Raises:
            DeniedError: the broker refuses.
            UnavailableError: there is no connection.
            TimedOutError: the broker did not answer.
        """
        await self.wait_connected()
        try:
            _, mid = self._client.subscribe(pattern, qos)
        except ValueError as error:
            raise InvalidRequestError(f'mqtt: cannot subscribe to "{pattern}": {error}') from error
        if mid is None:
            raise self._trouble
        code = await self._answers.to(mid, f'subscribing to "{pattern}"')
        if code is not None and code.is_failure:
            raise DeniedError(f'mqtt {self.address}: the broker refused to subscribe to "{pattern}": {code}')

    def unsubscribe(self, pattern: str) -> None:
        """Tell the broker to send nothing more; its answer is not waited for."""
        if self._up.is_set():
            self._client.unsubscribe(pattern)

    def acknowledge(self, mid: int, qos: int) -> None:
        """Tell the broker that a message was handled; without a connection it is not told."""
        if self._up.is_set():
            self._client.ack(mid, qos)

    async def wait_connected(self, patience: float | None = _GRACE) -> None:
        """
        Wait for the connection, a little, or with ``None`` for as long as it takes.

        Raises:
            UnavailableError: it is not there; the text says why.
        """
        if self._up.is_set():
            return
        try:
            async with asyncio.timeout(patience):
                await self._up.wait()
        except TimeoutError:
            raise type(self._trouble)(str(self._trouble)) from None

    def _made(self, client_id: str) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=self._settings.clean_session,
            protocol=paho.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = DIAL_SECONDS
        client.max_inflight_messages_set(_UNDER_WAY)
        if self._settings.login is not None:
            client.username_pw_set(*self._settings.login)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = lambda _client, _data, message: self._arrived(message)
        client.on_publish = lambda _client, _data, mid, _code, _properties: self._answers.arrived(mid, None)
        client.on_subscribe = lambda _client, _data, mid, codes, _properties: self._answers.arrived(
            mid, codes[0]
        )
        client.on_socket_open = lambda _client, _data, sock: self._soon(self._watch, sock)
        client.on_socket_close = lambda _client, _data, sock: self._soon(self._unwatch, sock)
        client.on_socket_register_write = lambda _client, _data, sock: self._soon(self._write_when_able, sock)
        client.on_socket_unregister_write = lambda _client, _data, sock: self._soon(
            self._loop.remove_writer, sock
        )
        return client

    async def _keep(self) -> None:
        """Connect again whenever the connection is lost, with pauses."""
        pause = FIRST_PAUSE
        while True:
            began = self._loop.time()
            await self._until_lost()
            if self._loop.time() - began > LONGEST_PAUSE:
                pause = FIRST_PAUSE
            while not self._up.is_set():
                logger.warning("%s; connecting again in %.1f s", self._trouble, pause)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
                try:
                    await self._connect()
                except ComponentError as error:
                    self._trouble = error
                except FAILURES as error:
                    self._trouble = unreachable(error, self.address)

    async def _until_lost(self) -> None:
        while not self._lost.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY):
                    await self._lost.wait()
            self._client.loop_misc()

    async def _connect(self) -> None:
        self._lost.clear()
        self._greeting = self._loop.create_future()
        await asyncio.to_thread(self._client.connect, self._host, self._port, _KEEPALIVE)
        try:
            async with asyncio.timeout(PATIENCE):
                present = await self._greeting
                self._up.set()
                if self._connected is not None:
                    await self._connected(present)
        except BaseException as error:
            self._up.clear()
            self._client._sock_close()
            if isinstance(error, TimeoutError):
                raise TimedOutError(
                    f"mqtt {self.address}: the broker did not answer within {PATIENCE:g} s"
                ) from error
            if isinstance(error, UnavailableError):
                raise await explained(error, self._settings, self._context) from error
            raise

    def _on_connect(
        self, _client: paho.Client, _data: Any, flags: paho.ConnectFlags, code: ReasonCode, _properties: Any
    ) -> None:
        if self._greeting is None or self._greeting.done():
            return
        if code.is_failure:
            self._greeting.set_exception(refusal(code, self.address))
        else:
            self._answers.connected()
            self._greeting.set_result(flags.session_present)

    def _on_disconnect(
        self, _client: paho.Client, _data: Any, _flags: Any, code: ReasonCode, _properties: Any
    ) -> None:
        self._trouble = UnavailableError(f"mqtt {self.address}: the connection was lost: {code}")
        self._up.clear()
        self._lost.set()
        greeting = self._greeting
        if greeting is not None and not greeting.done():
            greeting.set_exception(self._trouble)
        elif greeting is not None and not greeting.cancelled() and greeting.exception() is None:
            self._answers.lost(self._trouble)  # what was waited for has been sent on this connection

    def _soon(self, action: Callable[[socket.socket], Any], sock: Any) -> None:
        """Act on the loop's thread: here and now, or from the thread that connects."""
        if threading.get_ident() == self._thread:
            action(sock)
        else:
            self._loop.call_soon_threadsafe(action, sock)

    def _watch(self, sock: socket.socket) -> None:
        self._loop.add_reader(sock, self._read, sock)

    def _unwatch(self, sock: socket.socket) -> None:
        if sock.fileno() >= 0:
            self._loop.remove_reader(sock)
            self._loop.remove_writer(sock)

    def _write_when_able(self, sock: socket.socket) -> None:
        if sock.fileno() >= 0:
            self._loop.add_writer(sock, self._client.loop_write)

    def _read(self, sock: Any) -> None:
        while self._client.loop_read() == MQTTErrorCode.MQTT_ERR_SUCCESS:
            # TLS may hold what the socket no longer shows.
            if not (self._settings.tls and sock.fileno() >= 0 and sock.pending()):
                return
