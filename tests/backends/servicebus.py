"""A double of Azure Service Bus, whose queues and topics outlive a kill."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from .azure import POLICY
from .server import Server

#: What signs the tokens of those who may connect.
KEY: Final = "a2V5IG9mIHRoZSBkb3VibGU="
_ROOT: Final = Path(__file__).parents[2]


class ServiceBus(Server):
    """The double as a server; options are those of its command."""

    def command(self) -> list[str]:
        return [
            *(sys.executable, "-m", "tests.backends.azure", "--port", str(self.port)),
            *("--key", KEY, "--journal", str(self.folder / "journal"), *self.options),
        ]

    def environment(self) -> Mapping[str, str]:
        return {"PYTHONPATH": os.pathsep.join([str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])}

    def answers(self) -> bool:
        with socket.create_connection(("127.0.0.1", self.port), 1):
            return True

    def connection_string(self, key: str = KEY) -> str:
        """Return what clients connect with, as to Microsoft's emulator: without TLS."""
        return (
            f"Endpoint=sb://127.0.0.1:{self.port};SharedAccessKeyName={POLICY};SharedAccessKey={key};"
            "UseDevelopmentEmulator=true;"
        )
