"""What objects are made of: data of a request or a file, as it is or in base64."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

from pluggable.errors import InvalidRequestError


def unquoted(data: bytes) -> bytes:
    """Return data without the quotes of a JSON text, if it is one."""
    if data[:1] != b'"':
        return data
    try:
        return str(json.loads(data)).encode()
    except ValueError:  # It only begins like one.
        return data


def decoded(data: bytes) -> bytes:
    """
    Return what base64 stands for; line ends are skipped.

    Raises:
        InvalidRequestError: it is none.
    """
    try:
        return base64.b64decode(data.replace(b"\r", b"").replace(b"\n", b""), validate=True)
    except binascii.Error as error:
        raise InvalidRequestError(f"decodeBase64 is set, and the data is no base64: {error}") from error


async def read(path: str) -> bytes:
    """
    Return what is in a file.

    Raises:
        InvalidRequestError: it cannot be read.
    """
    try:
        return await asyncio.to_thread(Path(path).read_bytes)
    except OSError as error:
        raise unreadable(path, error) from error


async def write(path: str, chunks: AsyncGenerator[bytes, None]) -> None:
    """
    Write a file a piece at a time.

    Raises:
        InvalidRequestError: it cannot be written.
    """
    try:
        with await asyncio.to_thread(Path(path).open, "wb") as file:
            async with aclosing(chunks):
                async for chunk in chunks:
                    await asyncio.to_thread(file.write, chunk)
    except OSError as error:
        raise InvalidRequestError(f"file write error: {path}: {error.strerror or error}") from error


def unreadable(path: str, error: OSError) -> InvalidRequestError:
    """Return the error for a file that cannot be read."""
    return InvalidRequestError(f"file read error: {path}: {error.strerror or error}")


async def encoded(chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Yield the pieces in base64; three bytes make four characters, so some wait for the next piece."""
    rest = b""
    async for chunk in chunks:
        rest += chunk
        whole = len(rest) // 3 * 3
        yield base64.b64encode(rest[:whole])
        rest = rest[whole:]
    yield base64.b64encode(rest)


def payload(data: bytes, operation: str) -> dict[str, Any]:
    """
    Return the JSON object that an operation is given; nothing at all is an empty one.

    Raises:
        InvalidRequestError: it is given something else.
    """
    try:
        found = json.loads(data or b"{}")
    except ValueError as error:
        raise InvalidRequestError(f"s3 binding error: invalid {operation} payload: {error}") from error
    if not isinstance(found, dict):
        raise InvalidRequestError(
            f"s3 binding error: invalid {operation} payload: wanted a JSON object, not {type(found).__name__}"
        )
    return found
