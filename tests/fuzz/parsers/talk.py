"""What is said in the conversations of the corpus: those who record them say it, and those who hear them."""

from __future__ import annotations

from typing import Final

from pluggable.transport import Code, Handlers, ServerStream, StatusError, Stream, Unary

ECHO, ECHO_ALL, FAIL = "/test.Fuzz/Echo", "/test.Fuzz/EchoAll", "/test.Fuzz/Fail"
METADATA: Final = (("x-component-instance", "orders"), ("trace-bin", b"\x00\x01\xff"))
#: The calls of every conversation, in the order in which they begin; streams are numbered by it.
CALLS: Final = (ECHO, ECHO_ALL, FAIL, ECHO, ECHO_ALL)
#: What each call sends; the second is more than a small one.
MESSAGES: Final = (b"hello", b"x" * 3_000, b"")


async def _echo(message: bytes, _call: object) -> bytes:
    return message


async def _echo_all(stream: ServerStream) -> None:
    await stream.send_headers([("x-stream", "echo")])
    stream.set_trailers([("x-sum-bin", b"\x07")])
    while (message := await stream.receive()) is not None:
        await stream.send(message)


async def _fail(_message: bytes, _call: object) -> bytes:
    raise StatusError(Code.NOT_FOUND, "no such key: 100 % sure", b"\x08\x05")


HANDLERS: Final[Handlers] = {ECHO: Unary(_echo), ECHO_ALL: Stream(_echo_all), FAIL: Unary(_fail)}
