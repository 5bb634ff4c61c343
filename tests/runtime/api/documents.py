"""Documents sent through a sidecar's streams."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from pluggable._proto.dapr.proto.common.v1 import common_pb2 as common
from pluggable._proto.dapr.proto.runtime.v1 import crypto_pb2 as pb
from pluggable.transport import Channel

PREFIX = "/dapr.proto.runtime.v1.Dapr/"


def options(vault: str = "vault", key: str = "aes256", algorithm: str = "AES") -> pb.EncryptRequestOptions:
    return pb.EncryptRequestOptions(component_name=vault, key_name=key, key_wrap_algorithm=algorithm)


def requests(data: bytes, piece: int, first: pb.EncryptRequest | pb.DecryptRequest) -> Sequence[bytes]:
    """A document as messages of so many bytes, the first of them with options."""
    messages = [first.SerializeToString()]
    for seq, at in enumerate(range(0, len(data), piece)):
        payload = common.StreamPayload(data=data[at : at + piece], seq=seq)
        messages.append(pb.EncryptRequest(payload=payload).SerializeToString())
    return messages


async def through(channel: Channel, method: str, messages: Iterable[bytes]) -> bytes:
    """Send messages, and join what comes back, whose numbers have no gap."""
    pieces: list[bytes] = []
    async with asyncio.timeout(30), channel.stream(PREFIX + method) as stream:

        async def send() -> None:
            for message in messages:
                await stream.send(message)
            await stream.half_close()

        sending = asyncio.create_task(send())
        try:
            while (data := await stream.receive()) is not None:
                answer = pb.EncryptResponse.FromString(data)
                assert answer.payload.seq == len(pieces)
                pieces.append(answer.payload.data)
        finally:
            await asyncio.wait([sending])  # it ends as the call does
            sending.exception()
    return b"".join(pieces)


async def encrypted(
    channel: Channel, data: bytes, chosen: pb.EncryptRequestOptions | None = None, *, piece: int = 50_000
) -> bytes:
    first = pb.EncryptRequest(options=chosen or options())
    return await through(channel, "EncryptAlpha1", requests(data, piece, first))


async def decrypted(
    channel: Channel, document: bytes, *, vault: str = "vault", key: str = "", piece: int = 50_000
) -> bytes:
    first = pb.DecryptRequest(options=pb.DecryptRequestOptions(component_name=vault, key_name=key))
    return await through(channel, "DecryptAlpha1", requests(document, piece, first))
