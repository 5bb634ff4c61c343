"""Both ends of the transport on libnghttp2 as targets, from the bytes of a connection to the calls on it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from ngh2 import Role

from pluggable.transport import Limits
from pluggable.transport.h2 import Bounds, Connection, Fields, Stream
from pluggable.transport.ngh2 import Ngh2Server
from pluggable.transport.ngh2.clientstream import Ngh2Stream, Wire
from pluggable.transport.ngh2.messages import write_message
from pluggable.transport.ngh2.outgoing import Ending, Requests, UnaryOutgoing
from tests.fuzz.parsers.frames import mutate as mutate
from tests.fuzz.parsers.talk import CALLS, ECHO_ALL, HANDLERS, METADATA

LIMITS: Final = Limits(receive_bytes=64 * 1024)
#: How many turns of the loop what an input begins may take to end.
TURNS: Final = 20
Feed = Callable[[Sequence[bytes]], Awaitable[None]]


class Sink(asyncio.Transport):
    """The socket of a peer that reads all and says nothing by itself."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1)})
        self.written = 0
        self.closing = False

    def write(self, data: Any) -> None:
        self.written += len(data)

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.closing = True

    def is_closing(self) -> bool:
        return self.closing


async def converse(connection: Connection, pieces: Sequence[bytes]) -> None:
    """Have the loop tell a connection of the pieces, and then of its end, as a transport does."""
    loop = asyncio.get_running_loop()
    for piece in pieces:
        if connection.transport.is_closing():
            break
        loop.call_soon(connection.data_received, piece)
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    loop.call_soon(connection.connection_lost, None)
    await asyncio.sleep(0)


@asynccontextmanager
async def server() -> AsyncIterator[Feed]:
    """Give what feeds a server's connection, and sees that no handler is left at work."""
    faults = _faults_of_the_loop()
    with tempfile.TemporaryDirectory(prefix="pl-") as folder:
        async with Ngh2Server(HANDLERS, unknown=None, limits=LIMITS) as served:
            await served.listen(f"unix:{folder}/s")
            await served.start()

            async def feed(pieces: Sequence[bytes]) -> None:
                connection = Connection(Role.SERVER, Bounds(), served)
                connection.connection_made(Sink())
                await converse(connection, pieces)
                await _until(lambda: not served.at_work and not served.connections)
                _raise(faults)

            yield feed


class Calls:
    """An endpoint with the calls that were made in the recorded conversations."""

    def __init__(self) -> None:
        self._requests = Requests("localhost")
        self._ending = Ending("unix:/fuzz", ECHO_ALL, None)
        self.streams: list[Ngh2Stream] = []
        self.answers: list[asyncio.Future[bytes]] = []
        self.lost_connections = 0

    def begin(self, connection: Connection) -> None:
        """Make the calls."""
        for method in CALLS:
            fields, _ = self._requests.of(method, METADATA, None)
            if method == ECHO_ALL:
                stream = Ngh2Stream(self._ending, LIMITS)
                stream.begin(connection.open(lambda n, s=stream: Wire(connection, n, s), fields))  # type: ignore[misc]
                self.streams.append(stream)
            else:
                answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
                call: UnaryOutgoing = connection.open(
                    lambda n, a=answer: UnaryOutgoing(connection, n, self._ending, a, LIMITS),  # type: ignore[misc]
                    fields,
                )
                write_message(call, b"hello", last=True)
                self.answers.append(answer)

    def made(self, connection: Connection) -> None:
        pass

    def settled(self, connection: Connection) -> None:
        pass

    def accept(self, connection: Connection, number: int, fields: Fields) -> Stream:
        raise AssertionError(f"stream {number} of connection {connection} was accepted by a client: {fields}")

    def going_away(self, connection: Connection, code: int) -> None:
        pass

    def lost(self, connection: Connection, reason: str) -> None:  # noqa: ARG002
        self.lost_connections += 1


@asynccontextmanager
async def client() -> AsyncIterator[Feed]:
    """Give what feeds a caller's connection, and sees that each of its calls ends."""
    faults = _faults_of_the_loop()

    async def feed(pieces: Sequence[bytes]) -> None:
        calls = Calls()
        connection = Connection(Role.CLIENT, Bounds(), calls)
        connection.connection_made(Sink())
        calls.begin(connection)
        await converse(connection, pieces)
        assert calls.lost_connections == 1
        for answer in calls.answers:
            assert answer.done()
            answer.exception()
        assert all(stream.over for stream in calls.streams)
        _raise(faults)

    yield feed


def _faults_of_the_loop() -> list[BaseException | str]:
    """Return where the loop tells, from now on, of what nobody has caught."""
    faults: list[BaseException | str] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _loop, about: faults.append(about.get("exception") or about["message"])
    )
    return faults


def _raise(faults: list[BaseException | str]) -> None:
    if faults:
        fault = faults.pop()
        raise fault if isinstance(fault, BaseException) else AssertionError(fault)


async def _until(done: Callable[[], bool]) -> None:
    for _ in range(TURNS):
        if done():
            return
        await asyncio.sleep(0)
    raise AssertionError("the connection is over, and not what it began")
