"""The transport on grpcio: ``grpc.aio`` behind our interfaces."""

from __future__ import annotations

from .channel import GrpcioChannel as GrpcioChannel
from .server import GrpcioServer as GrpcioServer
