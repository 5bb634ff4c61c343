"""What a server that does not trust us says is heard, whoever speaks first."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

from pluggable_servers.trust import objection, show, trusting
from tests.backends.certificates import Authority, Identity
from tests.ports import free_port

HOST: Final = "127.0.0.1"
GREETING: Final = b"INFO {}\r\n"


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Whom the server trusts, and who has signed for it."""
    return Authority()


@contextmanager
def serving(context: ssl.SSLContext, *, greets: bool) -> Iterator[int]:
    """A server that wants a certificate, and says nothing to who has one; where it listens."""
    context.verify_mode = ssl.CERT_REQUIRED
    listening = socket.create_server((HOST, 0))

    def serve() -> None:  # in a thread, as asyncio hangs up before OpenSSL's alert is sent
        taken, _ = listening.accept()
        with taken:
            if greets:
                taken.sendall(GREETING)
            with suppress(OSError), context.wrap_socket(taken, server_side=True) as spoken:
                spoken.recv(1)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        thread.join()
        listening.close()


def client(authority: Authority, identity: Identity | None) -> ssl.SSLContext:
    context = trusting(authority.pem)
    if identity is not None:
        show(context, identity.certificate, identity.key)
    return context


@pytest.mark.parametrize("greets", [False, True])
@pytest.mark.parametrize(("shown", "said"), [(None, "certificate required"), ("another", "unknown ca")])
async def test_objection_is_heard(
    authority: Authority, tmp_path: Path, shown: str | None, said: str, greets: bool
) -> None:
    context = authority.signs(HOST).served(tmp_path, asks=True)
    own = client(authority, None if shown is None else Authority().signs(shown))
    with serving(context, greets=greets) as port:
        assert said in await objection(HOST, port, own, greets=greets)


@pytest.mark.parametrize("greets", [False, True])
async def test_who_is_trusted_hears_nothing(authority: Authority, tmp_path: Path, greets: bool) -> None:
    context = authority.signs(HOST).served(tmp_path, asks=True)
    with serving(context, greets=greets) as port:
        assert await objection(HOST, port, client(authority, authority.signs("shop")), greets=greets) == ""


async def test_server_that_is_away_objects_to_nothing(authority: Authority) -> None:
    assert await objection(HOST, free_port(), client(authority, None)) == ""


async def test_greeting_without_end_is_no_objection(authority: Authority) -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"x" * 2**20)
        writer.close()

    async with await asyncio.start_server(greet, HOST, 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await objection(HOST, port, client(authority, None), greets=True) == ""
