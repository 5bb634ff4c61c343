"""
Records what mail a daprd sends: ``DAPRD=/path/to/daprd python -m tests.e2e.recorded.mail VERSION``.

``mail.json`` holds, for each of ``REQUESTS``, made over the HTTP API, what aiosmtpd got of it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from tests.backends.smtp import MailServer, Received
from tests.e2e.daprds import daprd
from tests.e2e.sidecars import Sidecar

FILE: Final = Path(__file__).parent / "mail.json"
#: In this order: in a daprd what one says stays for the next.
REQUESTS: Final[tuple[dict[str, Any], ...]] = (
    {"data": "<p>Grüße & <b>c</b></p>\nand a second line"},
    {"data": {"a": 1}, "metadata": {"priority": "1", "subject": "Grüße"}},
    {
        "data": "",
        "metadata": {
            "emailFrom": "Other Shop <other@example.com>",
            "emailTo": "x@example.com;Bob Y <y@example.com>",
            "emailCC": "c@example.com;x@example.com",
            "emailBCC": "b@example.com",
            "subject": "Other",
            "priority": "5",
        },
    },
)
_HEADERS: Final = ("From", "To", "Cc", "Bcc", "Subject", "X-priority", "MIME-Version")


def write_component(folder: Path, server: MailServer) -> None:
    """Write the binding ``mail``."""
    given = {
        "host": "127.0.0.1",
        "port": str(server.port),
        "emailFrom": "shop@example.com",
        "emailTo": "ann@example.com",
        "subject": "Your order",
    }
    component = {
        "apiVersion": "dapr.io/v1alpha1",
        "kind": "Component",
        "metadata": {"name": "mail"},
        "spec": {
            "type": "bindings.smtp",
            "version": "v1",
            "metadata": [{"name": name, "value": value} for name, value in given.items()],
        },
    }
    (folder / "mail.yaml").write_text(json.dumps(component))


async def sent(running: Sidecar, server: MailServer) -> list[dict[str, Any]]:
    """Make all requests of a sidecar, and return what came of them."""
    server.mails.clear()
    for request in REQUESTS:
        body = json.dumps({"operation": "create", **request}).encode()
        answer = await running.call("POST", "/v1.0/bindings/mail", body)
        assert answer.status == 204, answer.body
    return [told(mail) for mail in server.mails]


def told(mail: Received) -> dict[str, Any]:
    """What is to be the same: all but the date, and how lines are folded."""
    return {
        "sender": mail.sender,
        "recipients": mail.recipients,
        "headers": {name: mail.message[name] and str(mail.message[name]) for name in _HEADERS},
        "type": [mail.message.get_content_type(), mail.message.get_content_charset()],
        "encoding": mail.message["Content-Transfer-Encoding"],
        "text": mail.text,
    }


async def record(folder: Path) -> list[dict[str, Any]]:
    """Run a daprd, and return what it sent."""
    with MailServer().running() as server:
        write_component(folder, server)
        async with daprd(folder) as running:
            return await sent(running, server)


def main() -> None:
    """Write the file, and into it by whom and how it was written."""
    with tempfile.TemporaryDirectory() as folder:
        mails = asyncio.run(record(Path(folder)))
    by = f"daprd {sys.argv[1]}, over its HTTP API, to aiosmtpd: python -m tests.e2e.recorded.mail"
    FILE.write_text(json.dumps({"by": by, "mails": mails}, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
