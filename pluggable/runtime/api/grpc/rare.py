"""Methods that few sidecars are asked for: what they need is loaded when the first of them is called."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

from ....transport import ServerCall, ServerStream, Stream, Unary
from ...blocks import Blocks
from .service import PREFIX, Service

_JOBS = ("ScheduleJob", "GetJob", "DeleteJob", "DeleteJobsByPrefix", "ListJobs")
_STAGES = ("", "Alpha1")


def add_rare(blocks: Blocks, service: Service, most_bytes: int) -> None:
    """Add the methods for conversations, configuration, locks, cryptography, jobs, and ``InvokeService``."""

    def conversation() -> None:
        from .conversation import ConversationCalls

        ConversationCalls(blocks.conversation).add_to(service)

    def configuration() -> None:
        from .configuration import ConfigurationCalls

        ConfigurationCalls(blocks.configuration).add_to(service)

    def lock() -> None:
        from .lock import LockCalls

        LockCalls(blocks.lock).add_to(service)

    def invoke() -> None:
        from .invoke import InvokeCalls

        InvokeCalls(blocks.invocation, most_bytes).add_to(service)

    _defer(service, invoke, ("InvokeService",))

    def jobs() -> None:
        from .jobs import JobCalls

        JobCalls(blocks.jobs).add_to(service)

    def crypto() -> None:
        from .crypto import CryptoCalls

        CryptoCalls(blocks.crypto).add_to(service)

    subtle = ("GetKey", "Encrypt", "Decrypt", "WrapKey", "UnwrapKey", "Sign", "Verify")
    operations = [f"Subtle{operation}Alpha1" for operation in subtle]
    _defer(service, crypto, operations, ("EncryptAlpha1", "DecryptAlpha1"))
    _defer(service, conversation, ("ConverseAlpha1", "ConverseAlpha2"))
    _defer(
        service,
        configuration,
        [f"{verb}Configuration{stage}" for verb in ("Get", "Unsubscribe") for stage in _STAGES],
        [f"SubscribeConfiguration{stage}" for stage in _STAGES],
    )
    _defer(service, lock, ("TryLockAlpha1", "UnlockAlpha1"))
    _defer(service, jobs, [f"{method}{stage}" for method in _JOBS for stage in _STAGES])


def _defer(
    service: Service, load: Callable[[], None], methods: Iterable[str], streams: Iterable[str] = ()
) -> None:
    """Stand in for methods until one of them is called; then ``load`` puts the real ones in their place."""
    standing_in: dict[str, Unary | Stream] = {}

    def real(path: str) -> Unary | Stream:
        if service.handlers[path] is standing_in[path]:
            load()
        return service.handlers[path]

    def unary(path: str) -> Unary:
        async def handle(data: bytes, call: ServerCall) -> bytes:
            return await cast(Unary, real(path)).handle(data, call)

        return Unary(handle)

    def stream(path: str) -> Stream:
        async def handle(call: ServerStream) -> None:
            await cast(Stream, real(path)).handle(call)

        return Stream(handle)

    standing_in |= {PREFIX + method: unary(PREFIX + method) for method in methods}
    standing_in |= {PREFIX + method: stream(PREFIX + method) for method in streams}
    service.handlers.update(standing_in)
