"""Messages of the gRPC API as bodies of the HTTP API, in protobuf's JSON form."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf import json_format
from google.protobuf.message import Message

from ...._proto import pool
from ...apart import HUGE_BYTES, apart, far_apart
from ...errors import MalformedRequestError
from .request import Response

M = TypeVar("M", bound=Message)


async def read(body: bytes, kind: type[M]) -> M:
    """
    Return the message that a body is the JSON form of; an empty one says nothing, unknown fields are ignored.

    Raises:
        MalformedRequestError: it is none.
    """
    if len(body) > HUGE_BYTES:
        return kind.FromString(await far_apart(len(body), _serialized, body, kind))
    return await apart(len(body), _read, body, kind)


async def written(message: Message) -> Response:
    """Answer with the JSON form of a message, without fields that have their default."""
    size = message.ByteSize()
    if size > HUGE_BYTES:
        text = await far_apart(size, _written_again, message.SerializeToString(), type(message))
        return Response(200, text)
    return Response(200, await apart(size, _written, message))


def _read(body: bytes, kind: type[M]) -> M:
    message = kind()
    if not body:
        return message
    if body.lstrip()[:1] == b"[":  # which the parser below takes for an object if it is empty
        raise MalformedRequestError("failed deserializing HTTP body: it is an array, an object is wanted")
    try:
        json_format.Parse(body.decode(), message, ignore_unknown_fields=True, descriptor_pool=pool())
    except (json_format.ParseError, ValueError, RecursionError) as error:
        raise MalformedRequestError(f"failed deserializing HTTP body: {error}") from error
    return message


def _serialized(body: bytes, kind: type[Message]) -> bytes:
    """Return the message as bytes, in which form it comes back from another process."""
    return _read(body, kind).SerializeToString()


def _written_again(data: bytes, kind: type[Message]) -> bytes:
    return _written(kind.FromString(data))


def _written(message: Message) -> bytes:
    text = json_format.MessageToJson(message, indent=None, ensure_ascii=False, descriptor_pool=pool())
    return text.encode()
