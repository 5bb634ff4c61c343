"""
``bindings.smtp``: sends mail.

Source: components-contrib ``bindings/smtp``; how it connects and authenticates, gomail's ``smtp.go``.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from typing import TYPE_CHECKING, Final

from pluggable.about import About, Authentication
from pluggable.bindings import InvokeRequest, InvokeResponse, OutputBinding
from pluggable.errors import (
    ComponentError,
    DeniedError,
    InvalidRequestError,
    TimedOutError,
    UnavailableError,
    UnsupportedError,
)
from pluggable.metadata import Metadata

from ..trust import trusting
from .mail import Mail, mail_of
from .settings import TLS_PORT, Settings

if TYPE_CHECKING:
    import aiosmtplib

#: How long connecting may take, and each answer.
CONNECT_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 30.0
_OPERATIONS: Final = {"create": "Sends a mail."}
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})

logger = logging.getLogger(__name__)


class SMTPBinding(OutputBinding):
    """
    Sends one mail a request, over a connection of its own: to all recipients, or to none.

    What a request's metadata says counts for that mail only. The data are HTML.
    """

    about = About(
        settings=Settings,
        title="SMTP",
        url="https://docs.dapr.io/reference/components-reference/supported-bindings/smtp/",
        operations=_OPERATIONS,
        authentication=(
            Authentication(
                title="User name and password",
                description="Authenticate with the mail server.",
                properties=("user", "password"),
            ),
        ),
    )
    operations = tuple(_OPERATIONS)

    _settings: Settings
    _tls: ssl.SSLContext

    async def init(self, metadata: Metadata) -> None:
        self._settings = settings = metadata.parse(Settings)
        self._tls = await asyncio.to_thread(trusting, verifies=not settings.skip_tls_verify)
        if settings.skip_tls_verify:
            logger.warning("skipTLSVerify is true: whoever answers is taken for the mail server")

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        import aiosmtplib  # only who sends mail pays for it

        if request.operation not in self.operations:
            raise InvalidRequestError(f"invalid operation: {request.operation}, wanted create")
        settings = self._settings
        mail = mail_of(settings, request.metadata, request.data)
        client = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            use_tls=settings.port == TLS_PORT,
            start_tls=False if settings.port == TLS_PORT else None,  # if the server offers it
            tls_context=self._tls,
            timeout=CONNECT_SECONDS,
        )
        try:
            await client.connect()
            if client.is_ehlo_or_helo_needed:  # by TLS a server may offer more
                await client.ehlo()
            await self._authenticate(client)
            await _send(client, mail)
        except aiosmtplib.SMTPException as error:
            raise self._told(error) from error
        except ssl.SSLError as error:
            raise UnavailableError(f"{self._where}: {error}") from error
        finally:
            client.close()
        return InvokeResponse()

    async def _authenticate(self, client: aiosmtplib.SMTP) -> None:
        """Say who we are, if the server wants to know, but never the password where others could read it."""
        settings = self._settings
        methods = client.supported_auth_methods if settings.user else []
        if not methods:
            return
        if "cram-md5" in methods:
            await client.auth_crammd5(settings.user, settings.password)
        elif client.get_transport_info("ssl_object") is None and settings.host not in _LOCAL:
            raise DeniedError(f"{self._where} offers no TLS, without which the password is not sent")
        elif "login" in methods and "plain" not in methods:
            await client.auth_login(settings.user, settings.password)
        else:
            await client.auth_plain(settings.user, settings.password)

    @property
    def _where(self) -> str:
        return f"the mail server {self._settings.host}:{self._settings.port}"

    def _told(self, error: aiosmtplib.SMTPException) -> ComponentError:
        """Return what the caller is told of a failure."""
        import aiosmtplib

        match error:
            case aiosmtplib.SMTPTimeoutError():
                return TimedOutError(f"{self._where} did not answer in time")
            case aiosmtplib.SMTPAuthenticationError():
                return DeniedError(f"{self._where} refuses the user: {error.code} {error.message}")
            case aiosmtplib.SMTPConnectError() | aiosmtplib.SMTPServerDisconnected():
                return UnavailableError(f"{self._where} cannot be reached: {error.message}")
            case aiosmtplib.SMTPResponseException(code=code):
                kind = InvalidRequestError if code // 100 == 5 else UnavailableError
                return kind(f"{self._where} refuses the mail: {code} {error.message}")
        return UnavailableError(f"{self._where}: {error.message}")


async def _send(client: aiosmtplib.SMTP, mail: Mail) -> None:
    """
    Send a mail; if one recipient is refused, none gets it.

    Raises:
        UnsupportedError: the server takes no such addresses.
    """
    if not mail.plain and not client.supports_extension("smtputf8"):
        raise UnsupportedError("the mail server takes no addresses beyond ASCII, as it offers no SMTPUTF8")
    options, encoding = ((), "ascii") if mail.plain else (("SMTPUTF8", "BODY=8BITMIME"), "utf-8")
    await client.mail(mail.sender, options=options, encoding=encoding, timeout=ANSWER_SECONDS)
    for recipient in mail.recipients:
        await client.rcpt(recipient, encoding=encoding, timeout=ANSWER_SECONDS)
    await client.data(mail.content, timeout=ANSWER_SECONDS)
