"""
gRPC without a library's types: what moves frames is chosen here, and only here.

Everything above speaks bytes and ``StatusError``.
"""

from __future__ import annotations

import logging
import os
import sys
from functools import cache
from typing import TYPE_CHECKING, Final

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

if TYPE_CHECKING:  # it takes long to load, and few need it
    import ssl

#: Which transport is used: ``ngh2``, which is the default, or ``grpcio``.
TRANSPORT_VARIABLE: Final = "PLUGGABLE_TRANSPORT"

#: libnghttp2's binding has no wheels that we test for others.
_DEFAULT: Final = "ngh2" if sys.platform in ("linux", "darwin") else "grpcio"
_LOG: Final = logging.getLogger(__name__)


def server(
    handlers: Handlers, *, unknown: StreamHandler | None = None, limits: Limits | None = None
) -> Server:
    """
    Make a server that answers with these handlers, by the transport in use.

    ``unknown`` answers every path that has no handler; without it they end with ``UNIMPLEMENTED``.
    """
    if _in_use() == "ngh2":  # either is loaded by who opens a connection, not by an import
        from .ngh2 import Ngh2Server

        return Ngh2Server(handlers, unknown=unknown, limits=limits or Limits())
    from .grpcio import GrpcioServer

    return GrpcioServer(handlers, unknown=unknown, limits=limits or Limits())


def survives_a_fork() -> bool:
    """Return whether a process may fork with the transport in use imported, as it may not with grpcio."""
    return _in_use() == "ngh2"


def channel(address: str, *, limits: Limits | None = None, tls: ssl.SSLContext | None = None) -> Channel:
    """
    Make a channel to ``unix:/absolute/path`` or ``host:port``, by the transport in use.

    It connects when it is used. With a context it does so by TLS, which is always ngh2's: grpcio knows no
    contexts, and trusts no certificate that signs itself.

    Raises:
        ImportError: a context is given, and ngh2 cannot be loaded.
    """
    if tls is not None or _in_use() == "ngh2":
        from .ngh2 import Ngh2Channel

        return Ngh2Channel(address, limits=limits or Limits(), tls=tls)
    from .grpcio import GrpcioChannel

    return GrpcioChannel(address, limits=limits or Limits())


@cache
def _in_use() -> str:
    """Return the transport that the environment asks for, or the default, if it can be had."""
    asked = os.environ.get(TRANSPORT_VARIABLE) or _DEFAULT
    if asked not in ("grpcio", "ngh2"):
        raise ValueError(f'{TRANSPORT_VARIABLE} is "{asked}"; use "grpcio" or "ngh2", or leave it unset')
    if asked == "ngh2" and (fault := _fault_of_ngh2()):
        _LOG.warning("calls go over grpcio, at several times the CPU: ngh2 cannot be loaded: %s", fault)
        return "grpcio"
    return asked


def _fault_of_ngh2() -> str:
    """Return why libnghttp2's binding cannot be loaded: it is missing, or built for another machine."""
    try:
        import ngh2  # noqa: F401
    except ImportError as error:
        return str(error)
    return ""
