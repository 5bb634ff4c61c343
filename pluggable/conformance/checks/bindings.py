"""What holds for every binding."""

from __future__ import annotations

import asyncio

from ..._proto.dapr.proto.components.v1 import bindings_pb2 as pb
from ..._wire import names
from ...bindings import InvokeRequest
from ...errors import ComponentError
from ...remote import RemoteOutputBinding
from ...transport import StatusError
from ..check import ViolationError, check, expect, refused
from ..target import Target

#: How long a source is listened to.
LISTEN_SECONDS = 1.0


@check("bindings", needs="OutputBinding")
async def operations_are_listed(target: Target) -> None:
    """ListOperations names what may be asked for; the runtime refuses everything else itself."""
    operations = target.far_end(RemoteOutputBinding).operations
    expect(bool(operations), found="no operations", wanted="one at least")
    expect(
        all(operations) and len(set(operations)) == len(operations),
        found=f"the operations {', '.join(operations)}",
        wanted="names, each once",
    )


@check("bindings", needs="OutputBinding")
async def unknown_operation_is_refused(target: Target) -> None:
    """An operation that is not listed is an error, and does not do another one's work."""
    request = InvokeRequest(operation=target.name("operation"), data=b"{}")
    invocation = target.far_end(RemoteOutputBinding).invoke(request)
    await refused(invocation, ComponentError, "an unknown operation is", "an error")


@check("bindings", needs="OutputBinding")
async def named_operations_pass(target: Target) -> None:
    """The operations that the profile names, with their data and metadata, succeed."""
    binding = target.far_end(RemoteOutputBinding)
    for operation, given in target.profile.operations.items():
        request = InvokeRequest(
            operation=operation,
            data=str(given.get("data", "")).encode(),
            metadata={name: str(value) for name, value in given.get("metadata", {}).items()},
        )
        try:
            await binding.invoke(request)
        except ComponentError as error:
            raise ViolationError(f"{operation} refused: {error}", "success") from error


@check("bindings", needs="InputBinding")
async def stream_stays_open(target: Target) -> None:
    """Read goes on until the sidecar ends it: a daprd opens no second one, so one that ends is silence."""
    stream = target.stream(names.INPUT_BINDING, "Read")
    try:
        async with asyncio.timeout(LISTEN_SECONDS):
            while (data := await stream.receive()) is not None:
                event = pb.ReadResponse.FromString(data)
                await stream.send(pb.ReadRequest(message_id=event.message_id).SerializeToString())
    except TimeoutError:
        return  # it is open still, whether or not there was an event
    except StatusError as status:
        raise ViolationError(f"a stream that ended with {status}", "one that stays open") from status
    finally:
        stream.cancel("enough")
    raise ViolationError("a stream that ended by itself", "one that stays open")
