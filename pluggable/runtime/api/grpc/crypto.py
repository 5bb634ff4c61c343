"""Cryptography over gRPC: documents as streams, and the subtle operations."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Final, TypeVar

from google.protobuf.message import DecodeError, Message

from ...._proto.dapr.proto.common.v1 import common_pb2 as common
from ...._proto.dapr.proto.runtime.v1 import crypto_pb2 as pb
from ....transport import ServerCall, ServerStream
from ...blocks.crypto import Crypto
from ...blocks.vault import EncryptOptions
from ...errors.crypto import CryptoOperationError, CryptoRequestError
from ..subtle import OPERATIONS
from .service import Service

FIRST_MESSAGE_SECONDS: Final = 5.0
#: Pieces of one message that are worked on before others have their turn.
PIECES_A_TURN: Final = 4
_METHODS: Final = {
    "getkey": "SubtleGetKeyAlpha1",
    "encrypt": "SubtleEncryptAlpha1",
    "decrypt": "SubtleDecryptAlpha1",
    "wrapkey": "SubtleWrapKeyAlpha1",
    "unwrapkey": "SubtleUnwrapKeyAlpha1",
    "sign": "SubtleSignAlpha1",
    "verify": "SubtleVerifyAlpha1",
}

Request = TypeVar("Request", pb.EncryptRequest, pb.DecryptRequest)
Operation = Callable[[Message, ServerCall], Awaitable[Message]]
Response = type[pb.EncryptResponse] | type[pb.DecryptResponse]


class CryptoCalls:
    """The methods for cryptography; a document's length is nobody's limit, as it is never held whole."""

    def __init__(self, block: Crypto) -> None:
        self._block = block

    def add_to(self, service: Service) -> None:
        """Add the methods."""
        service.add_stream("EncryptAlpha1", self.encrypt)
        service.add_stream("DecryptAlpha1", self.decrypt)
        for name, (request, _) in OPERATIONS.items():
            service.add(_METHODS[name], request, self._operation(name))

    async def encrypt(self, stream: ServerStream) -> None:
        """Answer with what comes, encrypted."""
        first = await _first(stream, pb.EncryptRequest)
        options = first.options
        for wanted, name in ((options.key_name, "keyName"), (options.key_wrap_algorithm, "keyWrapAlgorithm")):
            if not wanted:
                raise CryptoRequestError(f"missing property '{name}' in the options message")
        document = await self._block.vault(options.component_name).encryption(
            EncryptOptions(
                key_name=options.key_name,
                algorithm=options.key_wrap_algorithm,
                cipher=options.data_encryption_cipher,
                omit_key_name=options.omit_decryption_key_name,
                decryption_key_name=options.decryption_key_name,
            )
        )
        answers = _Answers(stream, pb.EncryptResponse)
        async for data in _payloads(stream, first):
            await answers.send(await document.take(data))
        await answers.send(document.finish())

    async def decrypt(self, stream: ServerStream) -> None:
        """Answer with what comes, decrypted."""
        first = await _first(stream, pb.DecryptRequest)
        document = self._block.vault(first.options.component_name).decryption(first.options.key_name)
        answers = _Answers(stream, pb.DecryptResponse)
        async for data in _payloads(stream, first):
            await answers.send(await document.take(data))
        await answers.send(document.finish())

    def _operation(self, name: str) -> Operation:
        _, answer = OPERATIONS[name]

        async def handle(request: Message, _call: ServerCall) -> Message:
            return await answer(self._block, request)

        return handle


class _Answers:
    """Sends pieces of a document, numbered, each when the client has room for it."""

    def __init__(self, stream: ServerStream, kind: Response) -> None:
        self._stream = stream
        self._kind = kind
        self._sent = 0

    async def send(self, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            message = self._kind(payload=common.StreamPayload(data=piece, seq=self._sent))
            self._sent += 1
            await self._stream.send(message.SerializeToString())
            if self._sent % PIECES_A_TURN == 0:
                await asyncio.sleep(0)


async def _first(stream: ServerStream, kind: type[Request]) -> Request:
    """
    Return the message that says what is to be done, for which there is no more than some seconds' time.

    Raises:
        CryptoOperationError: the call ends before it.
        CryptoRequestError: it does not come, or does not say so.
    """
    try:
        async with asyncio.timeout(FIRST_MESSAGE_SECONDS):
            data = await stream.receive()
    except TimeoutError as error:
        raise CryptoRequestError(
            f"error waiting for first message: none came within {FIRST_MESSAGE_SECONDS:g} s"
        ) from error
    if data is None:
        raise CryptoOperationError("error receiving the first message: EOF")
    first = _parsed(kind, data)
    if not first.HasField("options"):
        raise CryptoRequestError("first message does not contain the required options")
    return first


async def _payloads(stream: ServerStream, first: Request) -> AsyncIterator[bytes]:
    """
    Yield what a document consists of, from the first message on.

    Raises:
        CryptoOperationError: a message is missing in between, or has options once more.
    """
    message, expected = first, 0
    while True:
        if message.HasField("payload"):
            if message.payload.seq != expected:
                raise CryptoOperationError(
                    f"invalid sequence number received: {message.payload.seq} (expected: {expected})"
                )
            expected += 1
            yield message.payload.data
        data = await stream.receive()
        if data is None:
            return
        message = _parsed(type(first), data)
        if message.HasField("options"):
            raise CryptoOperationError("options found in non-leading message")


def _parsed(kind: type[Request], data: bytes) -> Request:
    try:
        return kind.FromString(data)
    except DecodeError as error:
        raise CryptoRequestError(f"a message is no {kind.DESCRIPTOR.full_name}: {error}") from error
