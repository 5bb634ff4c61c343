"""
Whether the components of a socket can work, for probes that speak gRPC's health protocol.

They can if every instance answers its ping. Before the first Init they can too: it is what is waited for.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from .._proto.grpc.health.v1 import health_pb2 as pb
from .._wire import names
from .._wire.names import path
from ..transport import Code, Handler, ServerCall, ServerStream, StatusError, Stream, Unary
from .calls import parsed
from .instances import Instance
from .services import Services

#: How long a component may take to answer before it counts as unable to work.
PING_SECONDS: Final = 5.0
#: Instances asked at a time: calls do not wait for the pings of thousands.
PINGS_AT_ONCE: Final = 50
#: How often who watches has the components asked.
WATCH_SECONDS: Final = 5.0

Status: TypeAlias = pb.HealthCheckResponse.ServingStatus.ValueType

_SERVING: Final = pb.HealthCheckResponse.SERVING
_NOT_SERVING: Final = pb.HealthCheckResponse.NOT_SERVING
_UNKNOWN: Final = pb.HealthCheckResponse.SERVICE_UNKNOWN

logger: logging.Logger = logging.getLogger(__name__)


def handlers(services: Services) -> dict[str, Handler]:
    """Return what answers for the components: all of them, or those behind one service."""
    rounds = {service: Round(services, service) for service in ("", *services.instances)}

    async def status(service: str) -> Status:
        if service == names.HEALTH:
            return _SERVING
        return await rounds[service].status() if service in rounds else _UNKNOWN

    async def check(data: bytes, call: ServerCall) -> bytes:
        service = parsed(pb.HealthCheckRequest, data, call).service
        if (found := await status(service)) == _UNKNOWN:
            raise StatusError(Code.NOT_FOUND, f'there is no service "{service}" here')
        return pb.HealthCheckResponse(status=found).SerializeToString()

    async def watch(stream: ServerStream) -> None:
        if (data := await stream.receive()) is None:
            return
        service = parsed(pb.HealthCheckRequest, data, stream).service
        told: Status | None = None
        while True:
            if (found := await status(service)) != told:
                await stream.send(pb.HealthCheckResponse(status=found).SerializeToString())
                told = found
            await _next_look(services)

    return {path(names.HEALTH, "Check"): Unary(check), path(names.HEALTH, "Watch"): Stream(watch)}


class Round:
    """Asks the instances behind one service, or all, in one go for everybody who wants to know meanwhile."""

    def __init__(self, services: Services, service: str) -> None:
        self._services = services
        self._service = service
        self._asking = asyncio.Lock()
        self._begun = 0
        self._ended = 0
        self._found: Status = _UNKNOWN

    async def status(self) -> Status:
        """Return what a round finds that began no earlier than now."""
        wanted = self._begun + 1
        async with self._asking:
            if self._ended < wanted:
                self._begun += 1
                self._found = _SERVING if await self._all_work() else _NOT_SERVING
                self._ended = self._begun
            return self._found

    async def _all_work(self) -> bool:
        every = self._services.instances
        asked = [every[self._service]] if self._service else list(every.values())
        if self._services.stopping.is_set() or any(instances.replacing for instances in asked):
            return False
        instances = _distinct(asked)
        for first in range(0, len(instances), PINGS_AT_ONCE):
            some = instances[first : first + PINGS_AT_ONCE]
            if not all(await asyncio.gather(*map(_works, some))):
                return False
        return True


async def _next_look(services: Services) -> None:
    """Wait until the components are asked again: they have no way to tell by themselves. A stop tells."""
    if services.stopping.is_set():
        await asyncio.sleep(WATCH_SECONDS)
        return
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(WATCH_SECONDS):
            await services.stopping.wait()


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
