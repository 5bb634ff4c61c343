"""How Azure is asked over HTTPS: whom this machine trusts, by which proxy, and how often again."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from azure.core.pipeline.transport import AioHttpTransport

from ..trust import trusting

CONNECT_SECONDS: Final = 5.0


class Web:
    """The connections that the clients of one component share. Whoever opened it closes it, after them."""

    def __init__(self, session: Any) -> None:
        self.session = session

    @classmethod
    async def open(cls) -> Web:
        """Prepare them; certificates and proxies are what the environment says now."""
        import aiohttp  # heavy: only who has such a component pays for it

        context = await asyncio.to_thread(trusting)
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=context),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=True,
        )
        return cls(session)

    async def close(self) -> None:
        """Close the connections."""
        await self.session.close()

    def options(self) -> dict[str, Any]:
        """Return what Microsoft's clients are made with: a request is tried again for a second or two."""
        return {
            "transport": AioHttpTransport(session=self.session, session_owner=False),
            "connection_timeout": CONNECT_SECONDS,
            "retry_total": 3,
            "retry_backoff_factor": 0.2,
            "retry_backoff_max": 5,
            # They write a dozen lines on each request; into a log of nobody's.
            "logger": logging.Logger(__name__, logging.WARNING),
        }

    def token_options(self) -> dict[str, Any]:
        """Return the same for tokens; one that cannot be had is tried again with what it is for."""
        return {**self.options(), "retry_connect": 0, "retry_read": 0}
