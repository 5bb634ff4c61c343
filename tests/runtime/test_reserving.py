"""Ports that are kept until somebody listens at them."""

from __future__ import annotations

import asyncio
import errno
import socket
import sys

import pytest

from pluggable import transport
from pluggable.runtime.api.http import HTTPServer, Request, Response
from pluggable.runtime.config import RuntimeConfig
from pluggable.runtime.reserving import Reservation
from tests.ports import free_port

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a port is bound twice on Linux only")


async def nothing(_: Request) -> Response:
    return Response(204)


async def test_reserved_port_is_kept_from_others_and_who_connects_early_is_served() -> None:
    config = RuntimeConfig(app_id="a", http_port=free_port(), grpc_port=free_port(), enable_metrics=False)
    reservation = Reservation(config)
    try:
        for port in (config.http_port, config.grpc_port):
            with pytest.raises(OSError) as caught:  # noqa: PT011  its number says it
                socket.create_server(("127.0.0.1", port))  # as most programs do, with SO_REUSEADDR
            assert caught.value.errno == errno.EADDRINUSE
        async with (
            transport.server({}) as rpc,
            HTTPServer(nothing, max_body_bytes=1, read_buffer_bytes=1000) as http,
        ):
            kept = {
                port: reservation.hand_over("127.0.0.1", port)
                for port in (config.grpc_port, config.http_port)
            }
            assert None not in kept.values()
            waiting = await asyncio.open_connection("127.0.0.1", config.http_port)

            address = f"127.0.0.1:{config.grpc_port}"
            assert await rpc.listen(address, kept[config.grpc_port]) == address
            await http.listen("127.0.0.1", config.http_port, kept[config.http_port])

            waiting[1].write(b"GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
            assert (await waiting[0].read()).startswith(b"HTTP/1.1 204")
            waiting[1].close()
    finally:
        reservation.close()


def test_port_that_cannot_be_had_is_left_out() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        Reservation(RuntimeConfig(app_id="a", http_port=port, grpc_port=0, enable_metrics=False)).close()
