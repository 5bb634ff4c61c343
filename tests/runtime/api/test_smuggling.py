"""What two readers of HTTP could take for different requests is none here."""

from __future__ import annotations

import re

import pytest

from tests.runtime.api.http_server import Asked, conversation, serving

#: What would be a request of its own, were it not part of what stands before it.
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"


def post(*lines: bytes, body: bytes = b"") -> bytes:
    return b"\r\n".join([b"POST /a HTTP/1.1", b"Host: x", *lines, b"", body])


def chunked(body: bytes) -> bytes:
    return post(b"Transfer-Encoding: chunked", body=body)


FRAMING = {
    "both, length first": post(b"Content-Length: 4", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    "both, chunked first": post(b"Transfer-Encoding: chunked", b"Content-Length: 4", body=b"0\r\n\r\n"),
    "two lengths": post(b"Content-Length: 3", b"Content-Length: 4", body=b"abcd"),
    "one length twice": post(b"Content-Length: 4", b"content-length: 4", body=b"abcd"),
    "lengths in one line": post(b"Content-Length: 4, 4", body=b"abcd"),
    "a list for a length": post(b"Content-Length:  5,5", body=b"abcde"),
    "plus": post(b"Content-Length: +5", body=b"abcde"),
    "minus": post(b"Content-Length: -5", body=b"abcde"),
    "hexadecimal": post(b"Content-Length: 0x5", body=b"abcde"),
    "fraction": post(b"Content-Length: 5.0", body=b"abcde"),
    "underscore": post(b"Content-Length: 1_0", body=b"abcdefghij"),
    "digits of another script": post(b"Content-Length: \xd9\xa5", body=b"abcde"),
    "empty": post(b"Content-Length:", body=b"abcde"),
    "blank within": post(b"Content-Length: 1 0", body=b"abcdefghij"),
    "beyond 64 bits": post(b"Content-Length: 18446744073709551617", body=b"a"),
    "tab before a length": post(b"Content-Length:\t5", body=b"abcde"),
    "not chunked": post(b"Transfer-Encoding: gzip", body=b"0\r\n\r\n"),
    "chunked not last": post(b"Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n"),
    "chunked after another": post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"),
    "chunked twice": post(b"Transfer-Encoding: chunked, chunked", body=b"0\r\n\r\n"),
    "chunked in two lines": post(
        b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"
    ),
    "identity in another line": post(
        b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", body=b"0\r\n\r\n"
    ),
    "xchunked": post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"),
    "chunkedx": post(b"Transfer-Encoding: chunkedx", body=b"0\r\n\r\n"),
    "quoted": post(b'Transfer-Encoding: "chunked"', body=b"0\r\n\r\n"),
    "tab before chunked": post(b"Transfer-Encoding:\tchunked", body=b"0\r\n\r\n"),
    "tab after chunked": post(b"Transfer-Encoding: chunked\t", body=b"0\r\n\r\n"),
    "vertical tab": post(b"Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n"),
    "form feed": post(b"Transfer-Encoding: chunked\x0c", body=b"0\r\n\r\n"),
    "no-break space": post(b"Transfer-Encoding: \xa0chunked", body=b"0\r\n\r\n"),
    "empty encoding": post(b"Transfer-Encoding:", body=b"0\r\n\r\n"),
    "chunked in HTTP/1.0": b"POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
}
LINES = {
    "bare line feeds": b"POST /a HTTP/1.1\nHost: x\n\n",
    "a bare line feed after the first line": b"POST /a HTTP/1.1\nHost: x\r\n\r\n",
    "a bare line feed after a header": post(b"X: y\nContent-Length: 33"),
    "a bare line feed at the end": b"POST /a HTTP/1.1\r\nHost: x\r\n\n",
    "a bare carriage return": post(b"X: y\rContent-Length: 33"),
    "a carriage return too many": b"POST /a HTTP/1.1\r\r\nHost: x\r\n\r\n",
    "folded": post(b"X: y", b" Content-Length: 33"),
    "folded with a tab": post(b"X: y", b"\tContent-Length: 33"),
    "folded at once": b"POST /a HTTP/1.1\r\n Host: x\r\n\r\n",
    "a blank before the colon": post(b"Content-Length : 33"),
    "a tab before the colon": post(b"Content-Length\t: 33"),
    "a blank in a name": post(b"Content Length: 33"),
    "no colon": post(b"Content-Length"),
    "no name": post(b": 33"),
    "a name in quotes": post(b'"X": y'),
    "a name of another alphabet": post("Contént-Length: 33".encode()),
    "a NUL in a value": post(b"X: a\x00b"),
    "a NUL in a name": post(b"X\x00: ab"),
    "a control character in a value": post(b"X: a\x1bb"),
    "a blank before the method": b" " + post(),
    "two blanks after the method": b"POST  /a HTTP/1.1\r\nHost: x\r\n\r\n",
    "two blanks before the version": b"POST /a  HTTP/1.1\r\nHost: x\r\n\r\n",
    "a blank behind the version": b"POST /a HTTP/1.1 \r\nHost: x\r\n\r\n",
    "a tab after the method": b"POST\t/a HTTP/1.1\r\nHost: x\r\n\r\n",
    "a blank in the path": b"POST /a b HTTP/1.1\r\nHost: x\r\n\r\n",
    "a NUL in the path": b"POST /a\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "no version": b"POST /a\r\nHost: x\r\n\r\n",
    "no path": b"POST HTTP/1.1\r\nHost: x\r\n\r\n",
    "a small version": b"POST /a http/1.1\r\nHost: x\r\n\r\n",
    "a method that is no token": b"PO(ST /a HTTP/1.1\r\nHost: x\r\n\r\n",
    "an empty method": b" /a HTTP/1.1\r\nHost: x\r\n\r\n",
    "a path without a slash": b"POST a HTTP/1.1\r\nHost: x\r\n\r\n",
    "a tunnel": b"CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n",
    "an asterisk": b"POST * HTTP/1.1\r\nHost: x\r\n\r\n",
    "two hosts": post(b"Host: y"),
    "one host twice": post(b"host: x"),
    "no host": b"POST /a HTTP/1.1\r\n\r\n",
    "a host that is none": b"POST /a HTTP/1.1\r\nHost: x/y@z\r\n\r\n",
    "another host in the target": b"POST http://y/a HTTP/1.1\r\nHost: x\r\n\r\n",
    "a user in the target": b"POST http://y@x/a HTTP/1.1\r\nHost: x\r\n\r\n",
    "a path that begins without a slash": b"POST http://x@x/a HTTP/1.1\r\nHost: x\r\n\r\n",
    "no host in the target": b"POST http:///a HTTP/1.1\r\nHost: x\r\n\r\n",
    "another scheme": b"POST ftp://x/a HTTP/1.1\r\nHost: x\r\n\r\n",
}
CHUNKS = {
    "0x": chunked(b"0x5\r\nabcde\r\n0\r\n\r\n"),
    "minus": chunked(b"-1\r\nabcde\r\n0\r\n\r\n"),
    "plus": chunked(b"+5\r\nabcde\r\n0\r\n\r\n"),
    "no size": chunked(b"\r\nabcde\r\n0\r\n\r\n"),
    "no digits": chunked(b"g\r\nabcde\r\n0\r\n\r\n"),
    "beyond 64 bits": chunked(b"10000000000000005\r\nabcde\r\n0\r\n\r\n"),
    "a blank before": chunked(b" 5\r\nabcde\r\n0\r\n\r\n"),
    "a blank behind": chunked(b"5 \r\nabcde\r\n0\r\n\r\n"),
    "a blank within": chunked(b"1 0\r\nabcde\r\n0\r\n\r\n"),
    "an underscore": chunked(b"1_0\r\nabcde\r\n0\r\n\r\n"),
    "a blank before an extension": chunked(b"5 ;a=b\r\nabcde\r\n0\r\n\r\n"),
    "a bare line feed behind the size": chunked(b"5\nabcde\r\n0\r\n\r\n"),
    "a bare carriage return in the size": chunked(b"5\rabcde\r\n0\r\n\r\n"),
    "a bare line feed in an extension": chunked(b"5;\nabcde\r\n0\r\n\r\n"),
    "a carriage return in an extension": chunked(b"5;a\rb\r\nabcde\r\n0\r\n\r\n"),
    "nothing behind the data": chunked(b"5\r\nabcde0\r\n\r\n"),
    "a bare line feed behind the data": chunked(b"5\r\nabcde\n0\r\n\r\n"),
    "more data than it says": chunked(b"5\r\nabcdefgh\r\n0\r\n\r\n"),
    "a blank in an extension": chunked(b"5;a= b\r\nabcde\r\n0\r\n\r\n"),
    "an extension without a name": chunked(b"5;\r\nabcde\r\n0\r\n\r\n"),
    "a quote that is not closed": chunked(b'5;a="b\r\nabcde\r\n0\r\n\r\n'),
    "a long line": chunked(b"5;a=" + b"b" * 1100 + b"\r\nabcde\r\n0\r\n\r\n"),
    "many extensions": chunked((b"1;" + b"b" * 1000 + b"\r\na\r\n") * 10 + b"0\r\n\r\n"),
    "zeros without end": chunked(b"0" * 17 + b"5\r\nabcde\r\n0\r\n\r\n"),
    "a length as a trailer": chunked(b"0\r\nContent-Length: 5\r\n\r\n"),
    "an encoding as a trailer": chunked(b"0\r\ntransfer-encoding: chunked\r\n\r\n"),
    "a trailer that is none": chunked(b"0\r\nX y\r\n\r\n"),
    "a folded trailer": chunked(b"0\r\nX: y\r\n z\r\n\r\n"),
    "a bare line feed behind a trailer": chunked(b"0\r\nX: y\n\r\n"),
    "a NUL in a trailer": chunked(b"0\r\nX: \x00\r\n\r\n"),
    "trailers without end": chunked(b"0\r\n" + (b"X: " + b"y" * 500 + b"\r\n") * 20 + b"\r\n"),
}


@pytest.mark.parametrize(
    "data",
    [*FRAMING.values(), *LINES.values(), *CHUNKS.values()],
    ids=[
        f"{kind}: {name}"
        for kind, cases in (("framing", FRAMING), ("line", LINES), ("chunk", CHUNKS))
        for name in cases
    ],
)
async def test_doubtful_request_is_refused_and_ends_the_connection(data: bytes) -> None:
    asked = Asked()
    async with serving(asked) as port:
        told = await conversation(port, data + HIDDEN)

    assert told.startswith(b"HTTP/1.1 400 ")
    assert len(re.findall(rb"HTTP/1\.1 \d{3} ", told)) == 1
    assert b"\r\nConnection: close\r\n" in told
    assert not asked.requests


@pytest.mark.parametrize("data", [*FRAMING.values(), *LINES.values(), *CHUNKS.values()])
async def test_doubtful_request_is_refused_behind_a_good_one(data: bytes) -> None:
    asked = Asked()
    async with serving(asked) as port:
        told = await conversation(port, HIDDEN + data + HIDDEN)

    assert told.startswith(b"HTTP/1.1 200 ")
    assert asked.paths == ["/hidden"]
    assert b"HTTP/1.1 400 " in told


@pytest.mark.parametrize(
    ("status", "data"),
    [
        (413, post(b"Content-Length: 9223372036854775807", body=b"a")),
        (413, chunked(b"ffffffffffffffff\r\nabcde\r\n0\r\n\r\n")),
        (417, post(b"Expect: 200-maybe")),
        (505, b"POST /a HTTP/2.0\r\nHost: x\r\n\r\n"),
        (505, b"POST /a HTTP/1.2\r\nHost: x\r\n\r\n"),
    ],
)
async def test_other_refusals_end_the_connection_too(status: int, data: bytes) -> None:
    asked = Asked()
    async with serving(asked) as port:
        told = await conversation(port, data + HIDDEN)

    assert told.startswith(b"HTTP/1.1 %d " % status)
    assert not asked.requests


@pytest.mark.parametrize(
    "data",
    [
        post(b"Content-Length: %d" % len(HIDDEN), body=HIDDEN),
        post(b"Content-Length: 00%d" % len(HIDDEN), body=HIDDEN),
        chunked(b"%x\r\n%s\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN)),
        chunked(b'0%X;a="b c"\r\n%s\r\n0\r\nX: 7\r\n\r\n' % (len(HIDDEN), HIDDEN)),
        post(b"transfer-encoding:CHUNKED", body=b"%x\r\n%s\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN)),
    ],
)
async def test_body_is_no_request(data: bytes) -> None:
    asked = Asked()
    async with serving(asked) as port:
        told = await conversation(port, data + b"\r\nGET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert asked.paths == ["/a", "/b"]
    assert asked.requests[0].body == HIDDEN
    assert told.count(b"HTTP/1.1 200 ") == 2


async def test_trailers_are_no_headers() -> None:
    asked = Asked()
    async with serving(asked) as port:
        trailers = b"0\r\ndapr-api-token: t\r\nHost: y\r\n\r\n"
        await conversation(port, post(b"Connection: close", b"Transfer-Encoding: chunked", body=trailers))

    assert asked.requests[0].headers == {"host": "x", "connection": "close", "transfer-encoding": "chunked"}


async def test_request_without_a_body_may_say_so() -> None:
    asked = Asked()
    async with serving(asked) as port:
        told = await conversation(port, post(b"Content-Length: 0", b"Connection: close"))

    assert told.startswith(b"HTTP/1.1 200 ")
