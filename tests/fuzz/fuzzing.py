"""Sends one method what it does not expect, and sees that it always answers with a message or a status."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from pluggable import transport
from pluggable._proto import pool
from pluggable._proto.dapr.proto.components.v1 import (
    bindings_pb2,
    pubsub_pb2,
    secretstore_pb2,
    state_pb2,
)
from pluggable._proto.grpc.health.v1 import health_pb2
from pluggable._proto.grpc.reflection.v1 import reflection_pb2
from pluggable._proto.pluggable.components.v1alpha1 import (
    configuration_pb2,
    conversation_pb2,
    crypto_pb2,
    lock_pb2,
    nameresolution_pb2,
    state_pb2 as state_extras_pb2,
)
from pluggable._wire import names
from pluggable.remote import list_services
from pluggable.transport import Channel, Code, StatusError
from tests.fuzz.inputs import Inputs, corpus

ROOT: Final = Path(__file__).parents[2]
CALL_SECONDS: Final = 10.0
#: How long a stream is listened to: it may well have nothing to say.
STREAM_SECONDS: Final = 0.02
SERVED: Final = {
    "state.fuzz": "Store",
    "configuration.fuzz": "Settings",
    "lock.fuzz": "Locks",
    "pubsub.fuzz": "Broker",
    "bindings.fuzz": "Both",
    "secretstores.fuzz": "Vault",
    "crypto.fuzz": "Keys",
    "nameresolution.fuzz": "Hosts",
    "conversation.fuzz": "Model",
}
#: Words of a traceback, and of an exception that has no name of ours.
_LEAKS: Final = ("Traceback", 'File "', "failed unexpectedly", "Unexpected <class")


@dataclass(slots=True)
class Found:
    """What became of a method's inputs."""

    inputs: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[str]:
    """Serve components of every block on one socket, in a process of its own, and give the address."""
    words = [f"{type_}=tests.fuzz.components:{name}" for type_, name in SERVED.items()]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pluggable.cli.main", "serve", *words, "--folder", str(folder),
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])},
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    said = ""
    while "serving" not in said:
        line = await process.stderr.readline()
        assert line, said
        said += line.decode()
    quiet = asyncio.create_task(process.stderr.read())
    try:
        yield f"unix:{folder / 'fuzz.sock'}"
        assert process.returncode is None, "the server has died"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        log = (await quiet).decode()
    _, traceback, rest = log.partition("Traceback")
    assert not traceback, f"the server failed: {rest[:4000]}"


#: Where the services are declared; the pool knows only what is loaded.
FILES: Final = (
    state_pb2,
    pubsub_pb2,
    bindings_pb2,
    secretstore_pb2,
    crypto_pb2,
    nameresolution_pb2,
    conversation_pb2,
    state_extras_pb2,
    configuration_pb2,
    lock_pb2,
    health_pb2,
    reflection_pb2,
)


def methods() -> Iterator[tuple[str, str]]:
    """Yield every method of every component service, as service and method."""
    for file in FILES:
        for service in file.DESCRIPTOR.services_by_name.values():
            yield from ((service.full_name, method.name) for method in service.methods)


async def fuzz(address: str, service: str, method: str, seconds: float, seed: str = "") -> Found:
    """Send inputs for so long, the corpus first."""
    about: MethodDescriptor = pool().FindServiceByName(service).methods_by_name[method]
    committed = corpus(service, method)
    inputs = Inputs(about.input_type, committed, f"{service}.{method}{seed}")
    found = Found()
    async with transport.channel(address) as channel:
        call = _streamed if about.client_streaming or about.server_streaming else _unary
        path = names.path(service, method)
        for request in committed:
            await call(channel, path, request, inputs, about, found)
        end = time.monotonic() + seconds
        while time.monotonic() < end and not found.faults:
            requests = [inputs.request() for _ in range(16)]
            calls = (call(channel, path, request, inputs, about, found) for request in requests)
            await asyncio.gather(*calls)
    assert service in await list_services(address, CALL_SECONDS), "the server does not answer any more"
    return found


async def _unary(
    channel: Channel, path: str, request: bytes, inputs: Inputs, about: MethodDescriptor, found: Found
) -> None:
    found.inputs += 1
    try:
        answer = await channel.unary(path, request, metadata=inputs.metadata(), timeout=CALL_SECONDS)
        GetMessageClass(about.output_type).FromString(answer)
        found.codes["OK"] += 1
    except StatusError as status:
        _judge(status, request, found)
    except DecodeError:
        found.faults.append(f"{request.hex()} is answered with what is no {about.output_type.name}")


async def _streamed(
    channel: Channel, path: str, request: bytes, inputs: Inputs, about: MethodDescriptor, found: Found
) -> None:
    found.inputs += 1
    stream = channel.stream(path, metadata=inputs.metadata(), timeout=CALL_SECONDS)
    try:
        async with asyncio.timeout(STREAM_SECONDS):
            for message in [request, *(inputs.request() for _ in range(inputs.random.randrange(3)))]:
                await stream.send(message)
            while (answer := await stream.receive()) is not None:
                GetMessageClass(about.output_type).FromString(answer)
        found.codes["OK"] += 1
    except TimeoutError:
        found.codes["goes on"] += 1
    except StatusError as status:
        _judge(status, request, found)
    except DecodeError:
        found.faults.append(f"{request.hex()} is answered with what is no {about.output_type.name}")
    finally:
        stream.cancel("enough")


def _judge(status: StatusError, request: bytes, found: Found) -> None:
    found.codes[status.code.name] += 1
    if status.code in (Code.UNKNOWN, Code.DEADLINE_EXCEEDED) or any(
        word in status.message for word in _LEAKS
    ):
        found.faults.append(f"{request.hex()} is answered with {status.code.name}: {status.message}")
