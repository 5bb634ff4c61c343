"""The connection to NATS, which connects again by itself."""

from __future__ import annotations

import asyncio
import base64
import logging
import ssl
from contextlib import suppress
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit

from nats.aio.client import Client
from nats.js.api import PubAck
from nats.js.client import JetStreamContext

from pluggable.errors import InitError, NotFoundError, UnavailableError

from ..trust import objection
from .errors import FAILURES, error_of
from .settings import JetStreamSettings

logger = logging.getLogger(__name__)

#: How long a request waits for a connection that was lost; blips are shorter.
_GRACE: Final = 2.0
_DIAL_TIMEOUT: Final = 5
_LEAVING: Final = 2.0
#: What nats-py takes where a URL says nothing else, and how a URL asks for TLS.
_PORT: Final = 4222
_TLS: Final = "tls"
#: By what a stream knows a message that it has, whatever its subject.
_ID: Final = "Nats-Msg-Id"
#: How long the server may take to say that it has a message, as in daprd.
PATIENCE: Final = 5.0


class NATSConnection:
    """Opened by ``open``."""

    def __init__(self, settings: JetStreamSettings, component: str) -> None:
        self._settings = settings
        self._component = component
        self.client = Client()
        self.address = ",".join(_address(url) for url in settings.servers)
        self.streams: JetStreamContext
        self._up = asyncio.Event()
        self._again: set[asyncio.Event] = set()

    async def open(self) -> None:
        """
        Connect.

        Raises:
            InitError: the server cannot be reached, or refuses.
        """
        credentials: dict[str, Any] = {}
        try:
            credentials = await asyncio.to_thread(self._credentials)
            await self.client.connect(
                self._settings.servers,
                name=self._settings.name,
                connect_timeout=_DIAL_TIMEOUT,
                allow_reconnect=False,
                error_cb=self._said,
                disconnected_cb=self._lost,
                reconnected_cb=self._found,
                **credentials,
            )
        except (*FAILURES, ValueError) as error:
            await self.close()  # a connection that was refused stays open else
            why = "" if isinstance(error, ssl.SSLError) else await self._hung_up(credentials.get("tls"))
            raise InitError(f"{error_of(error, self.address)}{why}") from error
        # The first attempt fails at once, so that one is told; from now on it tries for ever.
        self.client.options |= {"allow_reconnect": True, "max_reconnect_attempts": -1}
        self._up.set()
        options = {"domain": self._settings.domain} if self._settings.domain else {}
        if self._settings.api_prefix:
            options["prefix"] = self._settings.api_prefix.rstrip(".")
        self.streams = self.client.jetstream(timeout=PATIENCE, **options)

    async def close(self) -> None:
        """Disconnect; one that TLS has failed on does not come to its end by itself."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LEAVING):
                await self.client.close()

    async def publish(self, subject: str, data: bytes, message_id: str | None) -> None:
        """
        Publish, and wait until a stream has it.

        Raises:
            NotFoundError: no stream takes the subject.
            UnavailableError: there is no connection.
            TimedOutError: the server did not say that it has it; it may get it yet.
        """
        await self.wait_connected()
        try:
            if not message_id:
                await self.streams.publish(subject, data)
                return
            taken = await self.streams.publish(subject, data, headers={_ID: message_id})
            if taken.duplicate and await self._is_of_another(subject, taken):
                # An event goes on to a dead letter topic with the id it had, and would be lost for it.
                await self.streams.publish(subject, data, headers={_ID: f"{message_id} {subject}"})
        except FAILURES as error:
            found = error_of(error, self.address)
            if isinstance(found, NotFoundError):
                raise NotFoundError(f'{found}; no stream has the topic "{subject}", make one') from error
            raise found from error

    async def wait_connected(self, patience: float | None = _GRACE) -> None:
        """
        Wait for the connection, a little, or with ``None`` for as long as it takes.

        Raises:
            UnavailableError: it is not there.
        """
        if self._up.is_set():
            return
        try:
            async with asyncio.timeout(patience):
                await self._up.wait()
        except TimeoutError:
            raise UnavailableError(f"nats {self.address}: the connection is lost, trying again") from None

    async def _is_of_another(self, subject: str, taken: PubAck) -> bool:
        """Say whether what a stream has by this id came by another subject; not where it does not tell."""
        try:
            first = await self.streams.get_msg(taken.stream, taken.seq)
        except FAILURES:
            return False
        return bool(first.subject != subject)

    async def _hung_up(self, given: ssl.SSLContext | None) -> str:
        """Return what there is to add to an error: why a server that speaks TLS hung up on us."""
        for url in map(_parts, self._settings.servers):
            if given is None and url.scheme != _TLS:
                continue
            context = given if given is not None else await asyncio.to_thread(ssl.create_default_context)
            if why := await objection(url.hostname or "", url.port or _PORT, context, greets=True):
                return f"; {why}"
        return ""

    def tell_when_found(self, event: asyncio.Event) -> None:
        """Set this event whenever the connection was lost and is there again."""
        self._again.add(event)

    def tell_no_more(self, event: asyncio.Event) -> None:
        """Forget an event."""
        self._again.discard(event)

    def _credentials(self) -> dict[str, Any]:
        settings = self._settings
        if settings.jwt:
            return {
                "user_jwt_cb": lambda: bytearray(settings.jwt.encode()),
                "signature_cb": lambda nonce: _signed(settings.seed_key, nonce),
            }
        if settings.tls_client_cert:
            context = ssl.create_default_context()
            context.load_cert_chain(settings.tls_client_cert, settings.tls_client_key)
            return {"tls": context}
        login = self._login()
        return login or ({"token": settings.token} if settings.token else {})

    def _login(self) -> dict[str, Any]:
        """Return who the URLs say that we are; nats-py takes what is escaped there for itself."""
        parts = [_parts(url) for url in self._settings.servers]
        if any(each.password is not None for each in parts):
            return {"user": lambda: self._of_url("username"), "password": lambda: self._of_url("password")}
        if any(each.username for each in parts):
            return {"token": lambda: self._of_url("username")}
        return {}

    def _of_url(self, name: str) -> str:
        """Return a part of the URL of the server that is being connected to."""
        server = self.client._current_server
        return unquote(getattr(server.uri, name) or "") if server is not None else ""

    async def _said(self, error: Exception) -> None:
        logger.warning("%s: %s", self._component, error_of(error, self.address))

    async def _lost(self) -> None:
        self._up.clear()

    async def _found(self) -> None:
        self._up.set()
        for event in self._again:
            event.set()


def _signed(seed: str, nonce: str) -> bytes:
    import nkeys  # type: ignore[import-untyped]

    return base64.b64encode(nkeys.from_seed(bytearray(seed.encode())).sign(nonce.encode()))


def _address(url: str) -> str:
    """Return host and port without the user and the password."""
    return _parts(url).netloc.rpartition("@")[2]


def _parts(url: str) -> SplitResult:
    return urlsplit(url if "://" in url else f"nats://{url}")
