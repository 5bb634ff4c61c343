"""A call of an application's method, and what it answered, whatever protocols are spoken on the way."""

from __future__ import annotations

from dataclasses import dataclass

from ..bodies import Body

#: Headers, or metadata: names in lower case, in order, each as often as it has values. A value under a name
#: that ends with ``-bin`` is in base64.
Headers = tuple[tuple[str, str], ...]

#: From here on, a status is HTTP's; below, it is a code of gRPC.
HTTP_STATUSES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What an application is asked."""

    method: str
    """A name, or a path without the slash before it."""
    verb: str = ""
    """HTTP's; empty where the caller speaks gRPC and named none: no HTTP application can be asked so."""
    query: str = ""
    headers: Headers = ()
    content_type: str = ""
    type_url: str = ""
    """What a protobuf message in the body is."""
    body: Body = b""

    def header(self, name: str) -> str:
        """Return the first value of a header, by its lower-case name; empty if there is none."""
        return next((value for key, value in self.headers if key == name), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What it answered; a body in pieces must be read to its end or closed."""

    status: int
    message: str = ""
    details: tuple[tuple[str, bytes], ...] = ()
    """Of an error over gRPC: type URLs and messages."""
    headers: Headers = ()
    trailers: Headers = ()
    content_type: str = ""
    type_url: str = ""
    body: Body = b""

    @property
    def over_http(self) -> bool:
        """Whether the application speaks HTTP, and so the status is HTTP's."""
        return self.status >= HTTP_STATUSES
