"""moto, which stands in for AWS: it keeps everything in its memory, and no restart."""

from __future__ import annotations

import sys
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from aiobotocore.session import get_session

from .server import Server

REGION: Final = "us-east-1"
ACCOUNT: Final = "123456789012"


class Moto(Server):
    """Services of AWS in one process."""

    def command(self) -> list[str]:
        return [
            *(sys.executable, "-c", "from moto.server import main; main()"),
            *("-H", "127.0.0.1", "-p", str(self.port), *self.options),
        ]

    def answers(self) -> bool:
        with urllib.request.urlopen(f"{self.endpoint}/moto-api/data.json", timeout=5) as answer:
            return bool(answer.status == 200)

    @property
    def endpoint(self) -> str:
        """Where all services are."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def properties(self) -> dict[str, str]:
        """What a component is told to get here."""
        return {
            "endpoint": self.endpoint,
            "region": REGION,
            "accessKey": "AKIAEXAMPLE",
            "secretKey": "s3cr3t-of-the-key",
        }

    @asynccontextmanager
    async def client(self, service: str) -> AsyncIterator[Any]:
        """A plain client of a service."""
        async with get_session().create_client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        ) as client:
            yield client
