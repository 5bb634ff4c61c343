"""Requests that a backend refuses, and some that it does not, for each block."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Iterator, Mapping
from typing import Any, Final

from pluggable import configuration, lock, secretstores, state
from pluggable.bindings import InputBinding, InvokeRequest, OutputBinding
from pluggable.component import Component
from pluggable.configuration import ConfigurationStore
from pluggable.conversation import Conversation, ConverseRequest, Message, Role, Text
from pluggable.crypto import EncryptRequest, GetKeyRequest, SubtleCrypto
from pluggable.delivery import Accepted, Delivery
from pluggable.errors import ComponentError
from pluggable.lock import LockStore
from pluggable.pubsub import PublishRequest, PubSub, Topic
from pluggable.secretstores import SecretStore
from pluggable.state import StateStore
from pluggable.transport import StatusError

#: How long one request is waited for; most answer at once, and reading does not end by itself.
SECONDS: Final = 2.0


class Taken(Delivery[Any]):
    """Takes whatever comes."""

    async def __call__(self, _message: Any) -> Accepted:
        return Accepted()


class Unheard(configuration.Notify):
    """Takes whatever changes."""

    async def __call__(self, _changes: configuration.Changes) -> None: ...


async def ask(component: Component, operations: Mapping[str, Mapping[str, Any]]) -> str:
    """Ask for all of it at once, and return what the caller is told of what failed."""
    return "\n".join(await asyncio.gather(*(told(each) for each in _requests(component, operations))))


async def told(request: Awaitable[Any], seconds: float = SECONDS) -> str:
    """Return the error that a request ends with, as it would be logged; empty if it ends with none."""
    try:
        async with asyncio.timeout(seconds):
            await request
    except (ComponentError, TimeoutError, ValueError) as error:
        cause = error.__cause__
        details = cause.details if isinstance(cause, StatusError) else b""
        return f"{''.join(traceback.format_exception(error))}\n{details!r}"
    return ""


def _requests(component: Component, operations: Mapping[str, Mapping[str, Any]]) -> Iterator[Awaitable[Any]]:
    yield component.ping()
    match component:
        case StateStore():
            yield from _of_state(component)
        case PubSub():
            for topic in ("conformance", "no topic/#"):
                yield component.publish(PublishRequest(topic=topic, data=b"1"))
                yield component.subscribe(Topic(name=topic), Taken())
        case OutputBinding():
            yield from _of_binding(component, operations)
        case InputBinding():
            yield component.read(Taken())
        case SecretStore():
            yield component.get(secretstores.GetRequest(key="no such/secret"))
            yield component.bulk_get()
        case ConfigurationStore():
            yield component.get(configuration.GetRequest(keys=("k",)))
            yield component.subscribe(configuration.SubscribeRequest(keys=("k", "no\0where")), Unheard())
        case LockStore():
            yield component.try_lock(lock.TryLockRequest(resource="r\0", owner="o", expiry_seconds=5))
            yield component.unlock(lock.UnlockRequest(resource="r", owner="o"))
        case SubtleCrypto():
            yield component.get_key(GetKeyRequest(key_name="canary"))
            yield component.encrypt(EncryptRequest(plaintext=b"1", algorithm="A128GCM", key_name="canary"))
        case Conversation():
            said = Message(role=Role.USER, parts=(Text(text="Hello"),))
            yield component.converse(ConverseRequest(messages=(said,)))


def _of_state(component: StateStore) -> Iterator[Awaitable[Any]]:
    yield component.get(state.GetRequest(key="k"))
    yield component.get(state.GetRequest(key="no\0where"))
    yield component.set(state.SetRequest(key="k", value=b"1"))
    yield component.set(state.SetRequest(key="k", value=b"1", etag="none of mine"))
    yield component.delete(state.DeleteRequest(key="no\0where"))
    yield component.bulk_set([state.SetRequest(key=key, value=b"1") for key in ("a", "no\0where")])


def _of_binding(
    component: OutputBinding, operations: Mapping[str, Mapping[str, Any]]
) -> Iterator[Awaitable[Any]]:
    for name, asked in {**operations, "nonsense": {}}.items():
        data, metadata = str(asked.get("data", "")).encode(), asked.get("metadata", {})
        yield component.invoke(InvokeRequest(operation=name, data=data, metadata=metadata))
    for name in component.operations:
        refused = {"sql": "SELECT nonsense", "key": "no\0where", "params": "[{}]", "path": "/\0"}
        yield component.invoke(InvokeRequest(operation=name, data=b"{", metadata=refused))
