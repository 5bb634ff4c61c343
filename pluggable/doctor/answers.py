"""What a component answers before its Init: whether it is there, and what it says it can do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import anyio
from google.protobuf.message import DecodeError

from .._proto.dapr.proto.components.v1 import common_pb2 as pb
from .._wire import names
from ..transport import Channel, Code, StatusError, channel
from .asking import ANSWER_SECONDS, Socket
from .features import check_features
from .findings import Finding, error, listed, note

#: For whom the doctor asks; a component that makes an instance of it makes no more than this one.
INSTANCE: Final = "pluggable-doctor"

#: What daprd calls after Init, and does not start without.
_SECOND_CALLS: Final = {
    names.STATE_STORE: "Features",
    names.PUBSUB: "Features",
    names.SECRET_STORE: "Features",
    names.OUTPUT_BINDING: "ListOperations",
}


async def check_answers(socket: Socket) -> list[Finding]:
    """Call what changes nothing for each of the socket's services, all at once, and see what comes."""
    findings: dict[str, list[Finding]] = {}

    async def check(service: str, method: str, calls: Channel) -> None:
        findings[service + method] = list(await _called(socket, service, method, calls))

    async with channel(socket.address) as calls, anyio.create_task_group() as tasks:
        for service in sorted(socket.services & names.BLOCK_OF_SERVICE.keys()):
            for method in ("Ping", _SECOND_CALLS.get(service)):
                if method is not None:
                    tasks.start_soon(check, service, method, calls)
    return [finding for key in sorted(findings) for finding in findings[key]]


async def _called(socket: Socket, service: str, method: str, calls: Channel) -> Sequence[Finding]:
    """Make one call, whose request is empty, for an instance that is not there."""
    pairs = names.instance_headers(INSTANCE)
    try:
        data = await calls.unary(names.path(service, method), b"", metadata=pairs, timeout=ANSWER_SECONDS)
        if method == "Features":
            features = tuple(pb.FeaturesResponse.FromString(data).features)
            return list(check_features(socket, service, features, settled=False))
    except DecodeError:
        return [_no_message(socket, service, method)]
    except StatusError as status:
        return list(_refused(socket, service, method, status))
    return []


def _refused(socket: Socket, service: str, method: str, status: StatusError) -> Iterator[Finding]:
    """See to a status; that a call is refused before Init is right."""
    short = service.rpartition(".")[2]
    if status.code is Code.DEADLINE_EXCEEDED:
        yield error(
            "call-hangs",
            socket.path,
            f"{short}.{method} got no answer within {ANSWER_SECONDS:g} s",
            daprd="gives Init and what follows it no limit: one that hangs holds up the whole start",
            mend="is the component blocked by its backend? Answer at once, and with an error if need be",
        )
    elif status.code is Code.UNIMPLEMENTED and method != "Ping":
        yield error(
            "call-missing",
            socket.path,
            f"{short}.{method} is not implemented",
            daprd="calls it after Init, and takes this for a failed Init: it exits",
            mend=f"implement {method}; an empty answer will do",
        )
    elif status.code is Code.UNIMPLEMENTED:
        yield note(
            "call-missing",
            socket.path,
            f"{short}.Ping is not implemented",
            daprd="never calls it; probes and this sidecar do",
            mend="implement Ping",
        )


def _no_message(socket: Socket, service: str, method: str) -> Finding:
    return error(
        "call-broken",
        socket.path,
        f"{service}.{method} answered with something that is no {method}Response",
        daprd="takes this for a failed Init: it exits",
        mend="generate the messages from dapr's own .proto files",
    )


def not_tried(sockets: Sequence[Socket]) -> Finding | None:
    """Return that no Init was sent, if there was one to send."""
    names_ = [socket.path.name for socket in sockets if socket.types]
    if not names_:
        return None
    return note(
        "init-not-tried",
        listed(names_),
        "Init was not sent, for it could disturb a component at work",
        mend="--init sends one, for an instance of its own, with the properties of --resources-path",
    )
