"""A mail server, aiosmtpd, in a thread: it keeps what it is sent."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, Final

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER: Final = "shop"
PASSWORD: Final = "p4ssw0rd"


@dataclass(frozen=True, slots=True)
class Received:
    """A mail, and by whom it was sent to whom."""

    sender: str
    recipients: list[str]
    content: bytes
    encrypted: bool

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.content, policy=default)

    @property
    def text(self) -> str:
        """What is written in it, without what ends the last line."""
        return str(self.message.get_content()).replace("\r\n", "\n").rstrip("\n")


@dataclass(eq=False)
class MailServer:
    """What a test sees of the server, and says of it."""

    port: int = 0
    mails: list[Received] = field(default_factory=list)
    #: Recipients that it refuses, with what it says.
    refused: dict[str, str] = field(default_factory=dict)
    #: What it says once the mail is there.
    verdict: str = "250 OK"

    @contextmanager
    def running(
        self, *, tls: ssl.SSLContext | None = None, implicit: bool = False, **options: Any
    ) -> Iterator[MailServer]:
        """Listen, where it did before; ``options`` are aiosmtpd's."""
        server = _Controller(self, tls, implicit, {"enable_SMTPUTF8": False, **options})
        server.start()
        self.port = server.bound
        try:
            yield self
        finally:
            server.stop()

    async def handle_RCPT(  # noqa: N802  as aiosmtpd calls it
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  too
        assert isinstance(envelope.content, bytes)
        if self.verdict.startswith("250"):
            encrypted = session.ssl is not None
            sender = envelope.mail_from or ""
            self.mails.append(Received(sender, envelope.rcpt_tos, envelope.content, encrypted))
        return self.verdict


class _Controller(Controller):
    bound = 0

    def __init__(
        self, handler: MailServer, tls: ssl.SSLContext | None, implicit: bool, options: dict[str, Any]
    ) -> None:
        wrapped: dict[str, Any] = {"ssl_context": tls} if implicit else {"tls_context": tls}
        super().__init__(handler, "127.0.0.1", handler.port, **wrapped, **options)

    def _trigger_server(self) -> None:
        """See which port it was, and that it answers there."""
        assert isinstance(self.server, asyncio.Server)
        self.port = self.bound = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # aiosmtpd's


def known(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, shown: LoginPassword
) -> AuthResult:
    """Let the one user in."""
    right = (shown.login, shown.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False)  # aiosmtpd is to answer
