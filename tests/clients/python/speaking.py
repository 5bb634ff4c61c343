"""Dapr's Python client, spoken to alike in both its forms: one that blocks, and one that is awaited."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest

FORMS = ("sync", "async")
LONGEST_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Client:
    """One client; ``call`` makes a call of it whatever its form."""

    form: str
    client: Any

    async def call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of the client and return its answer."""
        return await self.ask(self.client, method, *args, **kwargs)

    async def ask(self, thing: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of what the client has returned, such as a subscription."""
        return await self.run(getattr(thing, method), *args, **kwargs)

    async def run(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a function that is like the client: it blocks, or is awaited."""
        async with asyncio.timeout(LONGEST_SECONDS):
            if self.form == "sync":
                return await asyncio.to_thread(_blocking, function, args, kwargs)
            answer = function(*args, **kwargs)
            return await answer if inspect.isawaitable(answer) else answer


def _blocking(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call the function; to call applications the client makes a loop for its thread, and leaves it open."""
    try:
        return function(*args, **kwargs)
    finally:
        with suppress(RuntimeError):  # there is none
            asyncio.get_event_loop_policy().get_event_loop().close()
            asyncio.set_event_loop(None)


def kind(form: str) -> Any:
    """Return the class of this form's client."""
    if form == "sync":
        from dapr.clients import DaprClient

        return DaprClient
    from dapr.aio.clients import DaprClient as AsyncDaprClient

    return AsyncDaprClient


@asynccontextmanager
async def client(form: str, grpc_port: int) -> AsyncIterator[Client]:
    """Open a client, which waits for the sidecar's health, and close it."""
    made = kind(form)
    if form == "async":
        async with made(f"127.0.0.1:{grpc_port}") as opened:
            yield Client(form, opened)
        return
    opened = await asyncio.to_thread(made, f"127.0.0.1:{grpc_port}")
    with opened:
        yield Client(form, opened)


@contextmanager
def refused(code: str, words: str = "") -> Iterator[None]:
    """Expect a call to fail with this status; some calls of the client hide it behind an error of its own."""
    import grpc
    from dapr.clients.exceptions import DaprInternalError

    with pytest.raises((grpc.RpcError, DaprInternalError), match=words) as found:
        yield
    error: Any = found.value if isinstance(found.value, grpc.RpcError) else found.value.__cause__
    assert error.code().name == code, error
