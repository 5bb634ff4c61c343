"""Mail: a server in a thread."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.backends.smtp import MailServer

from .case import Case, Suite, Surroundings


@asynccontextmanager
async def server(_folder: Path) -> AsyncIterator[Surroundings]:
    """A server that takes any mail."""
    with MailServer().running() as found:
        yield Surroundings(
            properties={
                "host": "127.0.0.1",
                "port": str(found.port),
                "emailFrom": "shop@example.com",
                "emailTo": "ann@example.com",
                "subject": "Your order",
            },
            operations={"create": {"data": "<p>Sent.</p>"}},
        )


CASES: Final = (
    Case(type="bindings.smtp", around=server, suites={"": Suite(operations=("operations", "create"))}),
)
