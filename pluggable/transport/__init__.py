"""
gRPC without a library's types: what moves frames is chosen here, and only here.

Everything above speaks bytes and ``StatusError``.
"""

from __future__ import annotations

from .calls import (
    ClientStream as ClientStream,
    Handler as Handler,
    Handlers as Handlers,
    Pairs as Pairs,
    ServerCall as ServerCall,
    ServerStream as ServerStream,
    Stream as Stream,
    StreamHandler as StreamHandler,
    Unary as Unary,
    UnaryHandler as UnaryHandler,
)
from .channel import Channel as Channel, ChannelState as ChannelState
from .limits import DAPRD_RECEIVE_BYTES as DAPRD_RECEIVE_BYTES, Limits as Limits
from .server import Server as Server
from .status import Code as Code, StatusError as StatusError


def server(
    handlers: Handlers, *, unknown: StreamHandler | None = None, limits: Limits | None = None
) -> Server:
    """
    Make a server that answers with these handlers, by the transport in use.

    ``unknown`` answers every path that has no handler; without it they end with ``UNIMPLEMENTED``.
    """
    from .grpcio import GrpcioServer  # grpcio is loaded by who opens a connection, not by an import

    return GrpcioServer(handlers, unknown=unknown, limits=limits or Limits())


def channel(address: str, *, limits: Limits | None = None) -> Channel:
    """
    Make a channel to ``unix:/absolute/path`` or ``host:port``, by the transport in use.

    It connects when it is used.
    """
    from .grpcio import GrpcioChannel  # as above

    return GrpcioChannel(address, limits=limits or Limits())
