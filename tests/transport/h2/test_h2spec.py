"""h2spec's cases for servers: all of RFC 7540's, against a server of plain streams."""

from __future__ import annotations

import asyncio
import os
import subprocess
from asyncio.subprocess import DEVNULL
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pluggable.transport.h2 import Bounds, Connection, Fields, Listener, Stream
from tests.programs import needed

H2SPEC = "github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible"
BUILD_SECONDS = 600
#: How long h2spec waits for what should come; and again, for what came too late on a busy machine.
SECONDS, AGAIN_SECONDS = 2, 15

_CLOSED = "libnghttp2 keeps nothing of streams that are closed, and passes over frames for them"
_PRIORITY = "libnghttp2 does not read PRIORITY any more, which RFC 9113 5.3 deprecates"
#: What fails, by section and case, and why it stays so. Anything else that fails is ours.
KNOWN = {
    ("http2/5.1", "closed: Sends a DATA frame after sending RST_STREAM frame"): _CLOSED,
    ("http2/5.1", "closed: Sends a HEADERS frame after sending RST_STREAM frame"): _CLOSED,
    ("http2/5.1", "closed: Sends a DATA frame"): _CLOSED,
    ("http2/5.1", "closed: Sends a HEADERS frame"): _CLOSED,
    ("http2/5.1.1", "Sends stream identifier that is numerically smaller than previous"): _CLOSED,
    ("http2/5.3.1", "Sends PRIORITY frame that depend on itself"): _PRIORITY,
    ("http2/6.3", "Sends a PRIORITY frame with 0x0 stream identifier"): _PRIORITY,
    (
        "http2/6.9.1",
        "Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1 on a stream",
    ): "libnghttp2 ends the connection with FLOW_CONTROL_ERROR, and not the stream alone",
}


class Hello(Stream):
    """Answers every request, after a moment in which others can come."""

    def on_headers(self, fields: Fields) -> None:
        raise AssertionError(fields)

    def on_data(self, data: bytes) -> None:
        self.consumed(len(data))

    def on_end(self, trailers: Fields) -> None:  # noqa: ARG002
        asyncio.get_running_loop().call_later(0.02, self._answer)

    def on_close(self, code: int | None, reason: str) -> None:
        pass

    def _answer(self) -> None:
        self.respond([(b":status", b"200"), (b"content-type", b"text/plain")])
        self.write(b"hello", last=True)


class Greeter:
    """A server that says hello."""

    def __init__(self) -> None:
        self.listener = Listener(Bounds(streams=100), self)

    def made(self, connection: Connection) -> None:
        self.listener.made(connection)

    def settled(self, connection: Connection) -> None:
        self.listener.settled(connection)

    def accept(self, connection: Connection, number: int, fields: Fields) -> Stream:  # noqa: ARG002
        return Hello(connection, number)

    def going_away(self, connection: Connection, code: int) -> None:
        pass

    def lost(self, connection: Connection, reason: str) -> None:  # noqa: ARG002
        self.listener.lost(connection)


@pytest.fixture(scope="session")
def h2spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("h2spec")
    built = subprocess.run(
        [needed("go"), "install", H2SPEC],
        env=os.environ | {"GOBIN": os.fspath(folder), "GOFLAGS": "-mod=mod"},
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return folder / "h2spec"


async def failing(
    h2spec: Path, port: str, report: Path, seconds: int, sections: Iterable[str] = ()
) -> set[tuple[str, str]]:
    """Return the cases that fail, of some sections or of all."""
    options = ("-h", "127.0.0.1", "-p", port, "-o", str(seconds), "-j", str(report))
    process = await asyncio.create_subprocess_exec(h2spec, *options, *sections, stdout=DEVNULL)
    await process.wait()
    cases = list(ElementTree.parse(report).iter("testcase"))
    assert cases, "h2spec tried nothing"
    return {
        (case.attrib["package"], case.attrib["classname"])
        for case in cases
        if case.find("error") is not None or case.find("failure") is not None
    }


@pytest.mark.slow
async def test_only_what_is_known_fails(h2spec: Path, tmp_path: Path) -> None:
    greeter = Greeter()
    _, _, port = (await greeter.listener.listen("127.0.0.1:0")).rpartition(":")
    greeter.listener.start()
    try:
        found = await failing(h2spec, port, tmp_path / "report.xml", SECONDS)
        if late := {section for section, _ in found - KNOWN.keys()}:
            again = await failing(h2spec, port, tmp_path / "again.xml", AGAIN_SECONDS, late)
            found = {case for case in found if case in again or case in KNOWN}
    finally:
        await greeter.listener.close("the test is over")

    assert found == KNOWN.keys()
