"""
Which web pages may call the API: the headers by which browsers learn it.

As in github.com/go-chi/cors, which daprd uses: any header may be sent, credentials are not allowed.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from .owner import Routes
from .request import Request, Response

Headers = list[tuple[str, str]]

ALL: Final = "*"
_METHODS: Final = frozenset({"HEAD", "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+")


class CORS:
    """
    Answers what browsers ask before a request, and tells them with the others whether a page may read.

    ``origins`` is a list with commas; ``*`` is any, and in a name stands for any part of it.
    """

    def __init__(self, handle: Routes, origins: str) -> None:
        named = [each.strip().lower() for each in origins.split(",")]
        self._handle = handle
        self._any = ALL in named
        self._named = [re.compile(".*".join(map(re.escape, each.split(ALL, 1)))) for each in named if each]

    def streams(self, request: Request) -> bool:
        """Whether the body of a request is handed on while it comes."""
        return self._handle.streams(request)

    async def __call__(self, request: Request) -> Response:
        """Answer the request."""
        asked = request.headers.get("access-control-request-method", "")
        if request.method == "OPTIONS" and asked:
            return Response(200, headers=self._preflight(request, asked))
        response = await self._handle(request)
        return replace(response, headers=[*response.headers, *self._actual(request)])

    def _preflight(self, request: Request, asked: str) -> Headers:
        names = ("Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers")
        headers: Headers = [("Vary", name) for name in names]
        origin = self._allowed(request)
        if origin and asked.upper() in _METHODS:
            headers += (("Access-Control-Allow-Origin", origin),)
            headers += (("Access-Control-Allow-Methods", asked.upper()),)
            wanted = _NAME.findall(request.headers.get("access-control-request-headers", ""))
            if wanted:
                allowed = ", ".join(map(_canonical, wanted))
                headers += (("Access-Control-Allow-Headers", allowed),)
        return headers

    def _actual(self, request: Request) -> Headers:
        headers: Headers = [("Vary", "Origin")]
        if request.method in _METHODS and (origin := self._allowed(request)):
            headers += (("Access-Control-Allow-Origin", origin),)
        return headers

    def _allowed(self, request: Request) -> str:
        """Return what is said to be allowed: every origin, the request's, or none."""
        origin = request.headers.get("origin", "")
        if not origin:
            return ""
        if self._any:
            return ALL
        lowered = origin.lower()
        return origin if any(each.fullmatch(lowered) for each in self._named) else ""


def _canonical(name: str) -> str:
    """Return a header's name as Go writes it."""
    return "-".join(part.capitalize() for part in name.split("-"))
