"""
Writes the corpus anew from real conversations: ``python -m tests.fuzz.parsers.record``.

Each transport calls each other through a socket in between that keeps what both sides say.
"""

from __future__ import annotations

import asyncio
import gzip
import tempfile
import zlib
from pathlib import Path

from pluggable.transport import Channel, Limits, StatusError
from pluggable.transport.ngh2.messages import prefix
from tests.fuzz.parsers.talk import CALLS, ECHO_ALL, HANDLERS, MESSAGES, METADATA
from tests.fuzz.parsers.targets import CORPUS
from tests.transport.contract.bench import TRANSPORTS


class Tap:
    """A socket in front of another, which keeps all that goes by."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[bytes] = []
        self.answered: list[bytes] = []
        self.over = asyncio.Event()

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on."""
        onward, answers = await asyncio.open_unix_connection(f"{self.folder}/server"), self.answered
        await asyncio.gather(self._pass(reader, onward[1], self.said), self._pass(onward[0], writer, answers))
        self.over.set()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: list[bytes]
    ) -> None:
        while data := await reader.read(65536):
            kept.append(data)
            writer.write(data)
        writer.close()


async def talk(channel: Channel) -> None:
    """Make the calls, one after the other."""
    for method in CALLS:
        if method == ECHO_ALL:
            async with channel.stream(method, metadata=METADATA, timeout=5) as stream:
                for message in MESSAGES:
                    await stream.send(message)
                    await stream.receive()
                await stream.half_close()
                await stream.receive()
        else:
            try:
                await channel.unary(method, MESSAGES[0], metadata=METADATA)
            except StatusError as error:
                assert error.details  # the one that fails  # noqa: PT017


async def record(transport: str) -> tuple[bytes, bytes]:
    """Return what a client and a server say to each other."""
    made = TRANSPORTS[transport]
    with tempfile.TemporaryDirectory(prefix="pl-") as folder:
        tap = Tap(Path(folder))
        front = await asyncio.start_unix_server(tap.meet, f"{folder}/tap")
        async with front, made.server(HANDLERS, unknown=None, limits=Limits()) as server:
            await server.listen(f"unix:{folder}/server")
            await server.start()
            async with made.channel(f"unix:{folder}/tap", limits=Limits()) as channel:
                await talk(channel)
            await tap.over.wait()
    return b"".join(tap.said), b"".join(tap.answered)


def messages() -> list[bytes]:
    """Return streams of messages, plain and compressed."""
    packed = [b"\x01" + len(data).to_bytes(4, "big") + data for data in map(_gzipped, MESSAGES)]
    packed += [b"\x01" + len(data).to_bytes(4, "big") + data for data in map(zlib.compress, MESSAGES)]
    plain = [prefix(message) + message for message in MESSAGES]
    return [b"".join(plain), b"".join(packed), *plain, *packed, plain[0] + packed[0]]


def _gzipped(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)  # the same in every recording


def write(name: str, inputs: list[bytes]) -> None:
    """Write the corpus of a target."""
    CORPUS.mkdir(exist_ok=True)
    (CORPUS / f"{name}.txt").write_text("".join(f"{each.hex()}\n" for each in inputs))


def main() -> None:
    """Record, and write what was recorded."""
    recorded = [asyncio.run(record(transport)) for transport in TRANSPORTS]
    write("h2-server", [said for said, _ in recorded])
    write("h2-client", [answered for _, answered in recorded])
    write("grpc-messages", messages())


if __name__ == "__main__":
    main()
