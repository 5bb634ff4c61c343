"""
Whether the components of a socket can work, for probes that speak gRPC's health protocol.

They can if every instance answers its ping. Before the first Init they can too: it is what is waited for.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from typing import Any, Final

from .._proto.grpc.health.v1 import health_pb2 as pb
from .._wire import names
from .._wire.names import path
from ..transport import Code, Handler, ServerCall, ServerStream, StatusError, Stream, Unary
from .calls import parsed
from .instances import Instance
from .services import Services

#: How long a component may take to answer before it counts as unable to work.
PING_SECONDS: Final = 5.0
#: How often who watches has the components asked.
WATCH_SECONDS: Final = 5.0

_SERVING: Final = pb.HealthCheckResponse.SERVING
_NOT_SERVING: Final = pb.HealthCheckResponse.NOT_SERVING
_UNKNOWN: Final = pb.HealthCheckResponse.SERVICE_UNKNOWN

logger: logging.Logger = logging.getLogger(__name__)


def handlers(services: Services) -> dict[str, Handler]:
    """Return what answers for the components: all of them, or those behind one service."""

    async def check(data: bytes, call: ServerCall) -> bytes:
        service = parsed(pb.HealthCheckRequest, data, call).service
        if (status := await _status(services, service)) == _UNKNOWN:
            raise StatusError(Code.NOT_FOUND, f'there is no service "{service}" here')
        return pb.HealthCheckResponse(status=status).SerializeToString()

    async def watch(stream: ServerStream) -> None:
        if (data := await stream.receive()) is None:
            return
        service = parsed(pb.HealthCheckRequest, data, stream).service
        told: pb.HealthCheckResponse.ServingStatus.ValueType | None = None
        while True:
            if (status := await _status(services, service)) != told:
                await stream.send(pb.HealthCheckResponse(status=status).SerializeToString())
                told = status
            await _next_look(services)

    return {path(names.HEALTH, "Check"): Unary(check), path(names.HEALTH, "Watch"): Stream(watch)}


async def _next_look(services: Services) -> None:
    """Wait until the components are asked again: they have no way to tell by themselves. A stop tells."""
    if services.stopping.is_set():
        await asyncio.sleep(WATCH_SECONDS)
        return
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(WATCH_SECONDS):
            await services.stopping.wait()


async def _status(services: Services, service: str) -> pb.HealthCheckResponse.ServingStatus.ValueType:
    if service and service not in services.instances:
        return _SERVING if service == names.HEALTH else _UNKNOWN
    asked = [services.instances[service]] if service else services.instances.values()
    if services.stopping.is_set() or any(instances.replacing for instances in asked):
        return _NOT_SERVING
    answers = await asyncio.gather(*(_works(instance) for instance in _distinct(asked)))
    return _SERVING if all(answers) else _NOT_SERVING


def _distinct(asked: Iterable[Iterable[Instance[Any]]]) -> list[Instance[Any]]:
    return list({id(instance): instance for instances in asked for instance in instances}.values())


async def _works(instance: Instance[Any]) -> bool:
    with instance.doing("Ping"):
        try:
            async with asyncio.timeout(PING_SECONDS) as bound:
                with instance as component:
                    await component.ping()
        except Exception as error:  # noqa: BLE001  whatever it is, the component cannot work
            late = f"its ping was not answered within {PING_SECONDS:g} s"
            why = late if bound.expired() else str(error) or type(error).__name__
            logger.warning("%s cannot work: %s", instance.label, why)
            return False
        return True
