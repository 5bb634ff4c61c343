"""A component that breaks one rule: an honest one, with a class or a single method exchanged."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from google.protobuf.message import Message

from pluggable import Component, transport
from pluggable._wire import names
from pluggable.serving import reflection
from pluggable.serving.services import Services
from pluggable.transport import Code, Handler, ServerCall, ServerStream, StatusError, Stream, Unary


@dataclass(frozen=True, slots=True)
class Broken:
    """What breaks a rule."""

    factory: Callable[[], Component]
    handlers: Mapping[str, Handler] = field(default_factory=dict)
    """Methods that are answered in another way than the component's."""
    unknown: Callable[[ServerStream], object] | None = None
    hides: str = ""
    """What the paths have in them that are not served."""
    operations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@asynccontextmanager
async def serving(broken: Broken) -> AsyncIterator[str]:
    """Serve it, and give its address."""
    services = Services("broken", broken.factory)
    served = _shown({**services.handlers, **broken.handlers}, broken)
    handlers = _shown({**reflection.handlers(served), **served}, broken)
    with tempfile.TemporaryDirectory(prefix="pl-") as folder:
        address = f"unix:{Path(folder, 'broken.sock')}"
        async with transport.server(handlers, unknown=broken.unknown) as server:  # type: ignore[arg-type]
            await server.listen(address)
            await server.start()
            try:
                yield address
            finally:
                await services.close()


def _shown(handlers: Mapping[str, Handler], broken: Broken) -> dict[str, Handler]:
    return {path: each for path, each in handlers.items() if not broken.hides or broken.hides not in path}


def answering(service: str, method: str, answer: Message | Exception) -> dict[str, Handler]:
    """Answer a method always in one way, whoever calls."""

    async def handle(_: bytes, __: ServerCall) -> bytes:
        if isinstance(answer, Exception):
            raise answer
        return answer.SerializeToString()

    return {names.path(service, method): Unary(handle)}


def streaming(service: str, method: str, run: Callable[[ServerStream], object]) -> dict[str, Handler]:
    """Answer a streaming method in one way."""
    return {names.path(service, method): Stream(run)}  # type: ignore[arg-type]


def status(code: Code, text: str) -> StatusError:
    """Return a status without details."""
    return StatusError(code, text)
