"""What a sidecar is sent that it cannot take: each is refused with a reason, and costs no memory."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from pluggable import transport
from pluggable._proto.dapr.proto.common.v1 import common_pb2 as common
from pluggable._proto.dapr.proto.runtime.v1 import state_pb2 as pb
from pluggable.transport import Code, StatusError
from tests.benchmarks.processes import pss
from tests.e2e.sidecars import Answer, Sidecar, component, sidecar

MEBIBYTE = 1024 * 1024
BODY_BYTES = 100 * MEBIBYTE
#: A body that is refused is not held; what is of the size that is taken may be, and allocators keep some.
GROWN_BYTES = 32 * MEBIBYTE
SAVE = "/dapr.proto.runtime.v1.Dapr/SaveState"
LOCK = "/v1.0-alpha1/lock/locks"
BAD = b"\xff\xfe"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sidecar]:
    folder = tmp_path_factory.mktemp("resources")
    (folder / "secrets.json").write_text('{"a": "b"}')
    component(folder, "store", "state.in-memory")
    component(folder, "events", "pubsub.in-memory")
    component(folder, "files", "bindings.localstorage", rootPath=str(folder / "files"))
    component(folder, "vault", "secretstores.local.file", secretsFile=str(folder / "secrets.json"))
    component(folder, "locks", "lock.in-memory")
    component(folder, "settings", "configuration.in-memory", items="{}")
    async with sidecar(folder) as found:
        yield found


def pushed(port: int, head: bytes, piece: bytes, times: int) -> bytes:
    """Send a head and a piece so many times, or until nobody listens, and return how the answer begins."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(head)
        try:
            for _ in range(times):
                connection.sendall(piece)
        except OSError:  # it was refused, and the connection ended
            pass
        return connection.recv(4096)


@pytest.mark.slow
@pytest.mark.parametrize("framing", ["length", "chunks"])
@pytest.mark.parametrize("path", ["/v1.0/state/store", "/v1.0/publish/events/t", "/v1.0/bindings/files"])
async def test_body_over_the_limit_is_refused_and_not_held(running: Sidecar, framing: str, path: str) -> None:
    piece = b"x" * 65536
    if framing == "length":
        told = f"Content-Length: {BODY_BYTES}"
    else:
        told, piece = "Transfer-Encoding: chunked", b"10000\r\n" + piece + b"\r\n"
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{told}\r\n\r\n".encode()
    before = pss(running.process.pid)

    answer = await asyncio.to_thread(pushed, running.http_port, head, piece, BODY_BYTES // 65536)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"ERR_BODY_TOO_LARGE" in answer
    assert b"--max-body-size" in answer
    assert pss(running.process.pid) < before + GROWN_BYTES


async def test_message_over_the_limit_is_refused_and_not_held(running: Sidecar) -> None:
    item = common.StateItem(key="k", value=b"x" * (20 * MEBIBYTE))
    request = pb.SaveStateRequest(store_name="store", states=[item]).SerializeToString()
    before = pss(running.process.pid)

    async with transport.channel(f"127.0.0.1:{running.grpc_port}") as channel:
        with pytest.raises(StatusError) as refused:
            await channel.unary(SAVE, request)

    assert refused.value.code is Code.RESOURCE_EXHAUSTED
    assert pss(running.process.pid) < before + GROWN_BYTES


#: Requests with a text that is no UTF-8 in each of their fields.
TEXTS = {
    "key": ("POST", "/v1.0/state/store", b'[{"key":"@","value":1}]'),
    "value": ("POST", "/v1.0/state/store", b'[{"key":"k","value":"@"}]'),
    "etag": ("POST", "/v1.0/state/store", b'[{"key":"k","value":1,"etag":"@"}]'),
    "metadata": ("POST", "/v1.0/state/store", b'[{"key":"k","value":1,"metadata":{"a":"@"}}]'),
    "name in metadata": ("POST", "/v1.0/state/store", b'[{"key":"k","value":1,"metadata":{"@":"a"}}]'),
    "content type": ("POST", "/v1.0/state/store", b'[{"key":"k","value":1,"contentType":"@"}]'),
    "options": ("POST", "/v1.0/state/store", b'[{"key":"k","value":1,"options":{"concurrency":"@"}}]'),
    "keys": ("POST", "/v1.0/state/store/bulk", b'{"keys":["@"]}'),
    "operation of a transaction": (
        "POST",
        "/v1.0/state/store/transaction",
        b'{"operations":[{"operation":"@","request":{"key":"k"}}]}',
    ),
    "key in a transaction": (
        "POST",
        "/v1.0/state/store/transaction",
        b'{"operations":[{"operation":"upsert","request":{"key":"@","value":1}}]}',
    ),
    "entry id": ("POST", "/v1.0/publish/bulk/events/t", b'[{"entryId":"@","event":"e"}]'),
    "event": ("POST", "/v1.0/publish/bulk/events/t", b'[{"entryId":"1","event":"@"}]'),
    "operation": ("POST", "/v1.0/bindings/files", b'{"operation":"@","data":"d"}'),
    "data": ("POST", "/v1.0/bindings/files", b'{"operation":"create","data":"@"}'),
    "metadata of a binding": (
        "POST",
        "/v1.0/bindings/files",
        b'{"operation":"create","metadata":{"fileName":"@"}}',
    ),
    "resource": (
        "POST",
        "/v1.0-alpha1/lock/locks",
        b'{"resourceId":"@","lockOwner":"o","expiryInSeconds":1}',
    ),
    "owner": ("POST", "/v1.0-alpha1/lock/locks", b'{"resourceId":"r","lockOwner":"@","expiryInSeconds":1}'),
}


@pytest.mark.parametrize(("method", "path", "body"), TEXTS.values(), ids=TEXTS.keys())
async def test_text_that_is_no_utf_8_is_refused(
    running: Sidecar, method: str, path: str, body: bytes
) -> None:
    answer = await running.call(method, path, body.replace(b"@", BAD))

    assert 400 <= answer.status < 500, (answer.status, answer.body)
    understood(answer)


#: The same in paths: what is no text names nothing that there is.
PATHS = {
    "store": "/v1.0/state/@/k",
    "key": "/v1.0/state/store/@",
    "secret": "/v1.0/secrets/vault/@",
    "secret store": "/v1.0/secrets/@/a",
    "metadata": "/v1.0/state/store/k?metadata.a=@",
    "setting": "/v1.0/configuration/settings?key=@",
    "nothing": "/@",
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())
async def test_path_that_is_no_utf_8_is_answered(running: Sidecar, path: str) -> None:
    answer = await running.call("GET", path.replace("@", "%FF%FE"))

    assert answer.status in {200, 204, 400, 401, 404, 500}, answer.body
    if answer.status >= 400:
        understood(answer)
    assert (await running.call("GET", "/v1.0/healthz")).status == 204


def understood(answer: Answer) -> None:
    """See that an error says what it is, in a text that is one."""
    told = json.loads(answer.body.decode())
    assert told["errorCode"].startswith("ERR_")
    assert told["message"]


@pytest.mark.slow
async def test_heads_that_trickle_in_cost_nobody_else(running: Sidecar) -> None:
    before = pss(running.process.pid)
    slow = [await asyncio.open_connection("127.0.0.1", running.http_port) for _ in range(300)]
    try:
        for _, writer in slow:
            writer.write(b"GET /v1.0/healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        assert (await running.call("GET", "/v1.0/healthz")).status == 204
        async with asyncio.timeout(40):
            answers = await asyncio.gather(*(reader.read() for reader, _ in slow))
    finally:
        for _, writer in slow:
            writer.close()

    assert all(answer.startswith(b"HTTP/1.1 408 ") for answer in answers)
    assert pss(running.process.pid) < before + GROWN_BYTES
