"""What a component's class must have, and methods that block."""

from __future__ import annotations

import asyncio
import functools
import threading
from abc import ABC
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from pluggable import NO_METADATA, Metadata, SecretStore, blocking, secretstores
from pluggable.pubsub import PubSub
from pluggable.state import (
    DeleteRequest,
    ETagged,
    GetRequest,
    GetResponse,
    SetRequest,
    StateStore,
    Transactional,
)
from pluggable.testing import connected


def defined(*bases: type, **methods: Any) -> type:
    """Define a class by these bases and methods."""
    return type("Shelf", bases, methods)


async def done(self: object, *_: object) -> None: ...


ALL = {"get": done, "set": done, "delete": done}


def test_promise_that_is_not_kept_is_refused_with_a_sentence() -> None:
    with pytest.raises(TypeError) as refused:
        defined(StateStore, Transactional, get=done, set=done)

    assert str(refused.value) == (
        "Shelf: missing are transact, which Transactional promises, and delete, which StateStore promises; "
        "if a subclass will have them, add ABC to the bases"
    )


def test_base_for_others_may_lack_something() -> None:
    base = defined(StateStore, ABC, get=done)

    with pytest.raises(TypeError, match=r"^Shelf: missing are delete, which StateStore promises, and set"):
        defined(base)
    defined(base, set=done, delete=done)


def test_plain_function_is_refused() -> None:
    for name in ("get", "init"):
        with pytest.raises(TypeError, match=f"^Shelf: {name} is a plain function, and .* mark it @blocking"):
            defined(StateStore, **{**ALL, name: lambda *_: None})


def test_decorated_method_is_believed() -> None:
    def logged(method: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        @functools.wraps(method)
        def call(*arguments: object) -> Awaitable[None]:
            return method(*arguments)

        return call

    defined(StateStore, **{**ALL, "get": logged(done)})


@pytest.mark.parametrize(
    ("capability", "wanted"), [(PubSub, "ETagged is for a StateStore"), (SecretStore, "ETagged is for a")]
)
def test_capability_of_another_block_is_refused(capability: type, wanted: str) -> None:
    with pytest.raises(TypeError, match=wanted):
        defined(capability, ETagged, publish=done, subscribe=done, get=done, bulk_get=done)


async def test_blocking_methods_run_side_by_side_in_threads() -> None:
    together = threading.Barrier(2, timeout=10)

    class Slow(SecretStore):
        async def init(self, metadata: Metadata) -> None: ...

        @blocking
        def get(self, request: secretstores.GetRequest) -> dict[str, str]:
            together.wait()
            return {request.key: threading.current_thread().name}

        @blocking
        def bulk_get(self, metadata: Mapping[str, str] = NO_METADATA) -> dict[str, dict[str, str]]:
            return {"all": dict(metadata)}

    async with connected(Slow) as store:
        one, other = await asyncio.gather(
            store.get(secretstores.GetRequest(key="a")), store.get(secretstores.GetRequest(key="b"))
        )

    assert len({one["a"], other["b"], threading.main_thread().name}) == 3


async def test_error_of_a_blocking_method_arrives() -> None:
    class Refusing(StateStore):
        @blocking
        def get(self, request: GetRequest) -> GetResponse | None:
            request.metadata["missing"]
            return None

        @blocking
        def set(self, request: SetRequest) -> None: ...

        @blocking
        def delete(self, request: DeleteRequest) -> None: ...

    with pytest.raises(KeyError):
        await Refusing().get(GetRequest(key="k"))
