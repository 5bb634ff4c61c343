"""Ports that are kept until somebody listens at them."""

from __future__ import annotations

import errno
import socket
import sys

import pytest

from pluggable import transport
from pluggable.runtime.api.http import HTTPServer, Request, Response
from pluggable.runtime.config import RuntimeConfig
from pluggable.runtime.reserving import Reservation

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a port is bound twice on Linux only")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


async def nothing(_: Request) -> Response:
    return Response(204)


async def test_reserved_ports_are_kept_from_others_and_listened_at() -> None:
    config = RuntimeConfig(app_id="a", http_port=free_port(), grpc_port=free_port(), enable_metrics=False)
    reservation = Reservation(config)
    try:
        for port in (config.http_port, config.grpc_port):
            with socket.socket() as other, pytest.raises(OSError) as caught:  # noqa: PT011  its number says it
                other.bind(("127.0.0.1", port))
            assert caught.value.errno == errno.EADDRINUSE
        async with (
            transport.server({}) as rpc,
            HTTPServer(nothing, max_body_bytes=1, read_buffer_bytes=1000) as http,
        ):
            assert await rpc.listen(f"127.0.0.1:{config.grpc_port}") == f"127.0.0.1:{config.grpc_port}"
            assert await http.listen("127.0.0.1", config.http_port) == ("127.0.0.1", config.http_port)
    finally:
        reservation.close()


def test_port_that_cannot_be_had_is_left_out() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        Reservation(RuntimeConfig(app_id="a", http_port=port, grpc_port=0, enable_metrics=False)).close()
