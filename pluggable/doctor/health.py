"""Asks a socket whether its components can work, by gRPC's health protocol; a probe has no time for more."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from google.protobuf.message import DecodeError

from .._proto.grpc.health.v1 import health_pb2 as pb
from .._wire import names
from ..transport import Code, Limits, StatusError, channel

if TYPE_CHECKING:
    from ..transport import Channel

_ANSWER_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Whether what was asked for can work, and a sentence about it."""

    works: bool
    text: str


async def health_of(address: str, timeout: float, *, service: str = "") -> Health:
    """
    Return how the components behind an address are, or the one service named; never later than told.

    A server without the health protocol works if it tells what it serves, which is all a daprd asks.
    """
    try:
        async with asyncio.timeout(timeout):
            return await _asked(address, timeout, service)
    except TimeoutError:
        return Health(works=False, text=f"gave no answer within {timeout:g} s")
    except DecodeError:
        return Health(works=False, text="gave an answer that is not of the health protocol")


async def _asked(address: str, timeout: float, service: str) -> Health:
    try:
        async with channel(address, limits=Limits(receive_bytes=_ANSWER_BYTES)) as calls:
            return await _checked(calls, service)
    except StatusError as status:
        if status.code is Code.UNIMPLEMENTED:
            return await _without_health(address, timeout)
        return Health(works=False, text=_refusal(status, service))


async def _checked(calls: Channel, service: str) -> Health:
    request = pb.HealthCheckRequest(service=service)
    answer = await calls.unary(names.path(names.HEALTH, "Check"), request.SerializeToString())
    status = pb.HealthCheckResponse.FromString(answer).status
    known = pb.HealthCheckResponse.ServingStatus.items()
    word = next((name for name, number in known if number == status), f"status {status}")
    return Health(works=status == pb.HealthCheckResponse.SERVING, text=f"says {word}")


def _refusal(status: StatusError, service: str) -> str:
    if status.code is Code.NOT_FOUND:
        return f'has no service "{service}"'
    return f"does not answer: {status.message or status.code.name}"


async def _without_health(address: str, timeout: float) -> Health:
    from ..errors import ComponentError
    from ..remote import list_services  # costs more than all of the above: for strangers only

    try:
        services = await list_services(address, timeout)
    except ComponentError as error:
        return Health(works=False, text=f"has no {names.HEALTH}, and does not say what it serves: {error}")
    components = sorted(services & names.BLOCK_OF_SERVICE.keys())
    text = f"has no {names.HEALTH}, and serves {', '.join(components) or 'no component'}"
    return Health(works=bool(components), text=text)
