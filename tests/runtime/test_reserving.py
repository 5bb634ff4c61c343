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
from tests.ports import free_port

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a port is bound twice on Linux only")


async def nothing(_: Request) -> Response:
    return Response(204)


async def test_reserved_port_is_kept_from_others_until_it_is_given_up() -> None:
    config = RuntimeConfig(app_id="a", http_port=free_port(), grpc_port=free_port(), enable_metrics=False)
    reservation = Reservation(config)
    try:
        for port in (config.http_port, config.grpc_port):
            with pytest.raises(OSError) as caught:  # noqa: PT011  its number says it
                socket.create_server(("127.0.0.1", port))  # as most programs do, with SO_REUSEADDR
            assert caught.value.errno == errno.EADDRINUSE
            reservation.give_up("127.0.0.1", port)
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
