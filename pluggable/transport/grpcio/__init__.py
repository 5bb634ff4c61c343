"""The transport on grpcio: ``grpc.aio`` behind our interfaces."""

from __future__ import annotations

import os

# Core would halt its threads at every fork and log that it could not; what we fork is another program at
# once.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
# Core tells of every connection that ends; what matters of that is ours to say.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

from . import forking
from .channel import GrpcioChannel as GrpcioChannel
from .server import GrpcioServer as GrpcioServer

forking.register()
