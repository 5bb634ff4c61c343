"""The mail that a daprd sends and ours are the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backends.smtp import MailServer
from tests.e2e.daprds import daprd, needs_daprd
from tests.e2e.recorded.mail import FILE, REQUESTS, sent, write_component
from tests.e2e.sidecars import sidecar

pytestmark = pytest.mark.slow


@pytest.fixture
def server(resources: Path) -> Iterator[MailServer]:
    """A mail server, and the resources' binding at it."""
    with MailServer().running() as found:
        write_component(resources, found)
        yield found


async def test_mail_is_what_was_recorded(resources: Path, server: MailServer) -> None:
    async with sidecar(resources) as ours:
        mails = await sent(ours, server)

    assert len(mails) == len(REQUESTS)
    assert mails == json.loads(FILE.read_text())["mails"]


@needs_daprd
async def test_both_send_the_same(resources: Path, server: MailServer) -> None:
    async with daprd(resources) as theirs, sidecar(resources) as ours:
        assert await sent(ours, server) == await sent(theirs, server)
