"""Asking a socket what it serves."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from google.protobuf.message import DecodeError

from .._proto.grpc.reflection.v1 import reflection_pb2 as pb
from .._wire import names
from ..errors import RemoteError, TimedOutError, UnavailableError, UnsupportedError
from ..transport import Channel, Code, Limits, StatusError, channel

#: A list of names needs no more; it comes from strangers.
_ANSWER_BYTES: Final = 1024 * 1024
#: Both have the same messages; components of the Go SDK know the elder alone, and daprd asks by no other.
_VERSIONS: Final = (names.REFLECTION_V1, names.REFLECTION_V1ALPHA)


async def list_services(
    address: str, timeout: float, *, versions: Sequence[str] = _VERSIONS
) -> frozenset[str]:
    """
    Return the full names of the services behind an address, asked by these versions of reflection in turn.

    Raises:
        UnavailableError: nobody answers there.
        TimedOutError: somebody is there and gave no answer in time.
        UnsupportedError: the server has no reflection.
        RemoteError: its answer is not one.
    """
    try:
        async with (
            asyncio.timeout(timeout),
            channel(address, limits=Limits(receive_bytes=_ANSWER_BYTES)) as calls,
        ):
            return await reflected(calls, versions=versions)
    except TimeoutError as error:
        raise TimedOutError(
            f"{address} did not list its services within {timeout:g} s; is it a gRPC server that is ready?"
        ) from error
    except StatusError as status:
        raise _error(address, status) from status


async def reflected(
    calls: Channel, *, versions: Sequence[str] = _VERSIONS, timeout: float | None = None
) -> frozenset[str]:
    """
    Return the full names of the services behind a channel.

    Raises:
        StatusError: it cannot be asked, or did not answer; without reflection ``UNIMPLEMENTED``.
    """
    for version in versions:
        try:
            return await _listed(calls, names.path(version, "ServerReflectionInfo"), timeout)
        except StatusError as status:
            if status.code is not Code.UNIMPLEMENTED:
                raise
    raise StatusError(
        Code.UNIMPLEMENTED,
        f"it does not offer {' or '.join(versions)}; register {'one of them' if len(versions) > 1 else 'it'}",
    )


async def _listed(calls: Channel, method: str, timeout: float | None) -> frozenset[str]:
    # A stream on which each end says one thing is a call with one answer, frame by frame.
    # The value says nothing: that the field is there asks for the list.
    request = pb.ServerReflectionRequest(list_services="*").SerializeToString()
    answer = await calls.unary(method, request, timeout=timeout)
    try:
        response = pb.ServerReflectionResponse.FromString(answer)
    except DecodeError as error:
        raise StatusError(Code.INTERNAL, "the list of services is not in reflection's format") from error
    if response.HasField("error_response"):
        raise StatusError(Code.INTERNAL, f"the list of services: {response.error_response.error_message}")
    return frozenset(service.name for service in response.list_services_response.service)


def _error(address: str, status: StatusError) -> UnavailableError | UnsupportedError | RemoteError:
    if status.code is Code.UNIMPLEMENTED:
        return UnsupportedError(f"{address} cannot be asked what it serves: {status.message}")
    text = f"{address} did not list its services: {status.message}"
    if status.code is Code.UNAVAILABLE:
        return UnavailableError(text)
    return RemoteError(text, code=status.code)
