"""Which handler a path has: a tree made once, walked segment by segment."""

from __future__ import annotations

import hmac
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import NoReturn
from urllib.parse import unquote_plus

from ...access import ALL_OPEN, Access
from ...errors import BlockError, NotOpenError, UnauthenticatedError
from ...telemetry import Counter, Counters, ErrorCodes
from .request import Request, Response, failure, refusal

logger: logging.Logger = logging.getLogger(__name__)

#: Called with the request and the path's parameters, unescaped, in order.
Handler = Callable[..., Awaitable[Response]]
#: Called with a request that has no route; ``None`` means that it is not for this one either.
FallBack = Callable[[Request], Awaitable[Response | None]]
ANY = "*"
TOKEN_HEADER = "dapr-api-token"
KEY = "/{key}"
#: What a request that names its application in a header comes to.
INVOKE = "/v1.0/invoke"
#: Series of a route beyond which requests are counted together: a metric is no list of keys.
MOST_SERIES = 1000
#: Callers repeat themselves, so ways that were found are kept: so many, none of a longer path.
KEPT_WAYS = 1024
KEPT_PATH = 256
_SLASHES = re.compile("//+")


@dataclass(slots=True)
class Route:
    """One pattern with its handler, and how often it answered what."""

    pattern: str
    handler: Handler
    exempt: bool
    """Whether it answers without a token."""
    streams: bool
    """Whether it takes bodies of no known length as they come."""
    counts: dict[tuple[str, tuple[str, ...], int], Counter] = field(default_factory=dict)

    def label(self, parameters: Sequence[str]) -> str:
        """Return the path for a metric: as sent, but for a key at its end."""
        values = iter(parameters)
        parts = self.pattern.removesuffix(KEY).split("/")
        return "/".join(next(values) if part.startswith("{") else part for part in parts)


@dataclass(slots=True)
class _Node:
    fixed: dict[str, _Node] = field(default_factory=dict)
    parameter: _Node | None = None
    rest: dict[str, Route] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)


_Found = tuple[Route, tuple[str, ...]]


@dataclass(slots=True)
class _Way:
    """Where a path leads, and what counts the answers there by their status."""

    route: Route
    parameters: tuple[str, ...]
    counts: dict[int, Counter] = field(default_factory=dict)


class Router:
    """
    Finds the handler of a request, and answers where there is none.

    ``token`` is what callers must show in ``dapr-api-token``; empty lets everybody in. ``requests`` counts
    what was answered, by method, path and status, ``errors`` the errors of the blocks.
    """

    def __init__(
        self,
        *,
        token: str = "",
        requests: Counters | None = None,
        errors: ErrorCodes | None = None,
        log_calls: bool = False,
        access: Access = ALL_OPEN,
    ) -> None:
        self._root = _Node()
        self._ways: dict[tuple[str, str], _Way] = {}
        self._token = token.encode()
        self._requests = requests
        self._errors = errors
        self._log_calls = log_calls
        self._fall_back: FallBack | None = None
        self._fall_back_names: frozenset[str] = frozenset()
        self._access = access

    def add(
        self, methods: str, pattern: str, handler: Handler, *, exempt: bool = False, streams: bool = False
    ) -> None:
        """
        Answer these methods, separated by blanks, on paths of the pattern ``/v1.0/state/{store}/{key}``.

        A last ``{name...}`` takes the rest of the path, slashes included. One that ``streams`` gets the body
        of a request that does not say its length while it comes.
        """
        if not self._access.http(pattern):
            handler, streams = _refuse, False
        route = Route(pattern, handler, exempt, streams)
        node = self._root
        *parts, last = pattern.split("/")[1:]
        for part in parts if last.endswith("...}") else [*parts, last]:
            if part.startswith("{"):
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.fixed.setdefault(part, _Node())
        there = node.rest if last.endswith("...}") else node.routes
        for method in methods.split():
            there[method] = route
        self._ways.clear()

    def fall_back(self, handler: FallBack, header_names: Sequence[str]) -> None:
        """Offer requests that have no route and one of these headers to a handler, which may decline."""
        if not self._access.http(INVOKE):
            return
        self._fall_back = handler
        self._fall_back_names = frozenset(header_names)

    def streams(self, request: Request) -> bool:
        """Whether the body of a request is handed to its handler while it comes."""
        way = self._ways.get((request.method, request.path)) or self._find(request.method, request.path)
        return way.route.streams if way is not None else self._falls_back(request)

    def refused(self, request: Request) -> Response | None:
        """Return the answer to a request without the token that it needs; ``None`` for others."""
        if not self._token:
            return None
        way = self._ways.get((request.method, request.path)) or self._find(request.method, request.path)
        return None if way is not None and way.route.exempt else self._unknown(request)

    async def __call__(self, request: Request) -> Response:
        """Answer the request; an error of the blocks becomes its response here."""
        path = request.path
        way = self._ways.get((request.method, path)) or self._find(request.method, path)
        if self._log_calls:
            logger.info("HTTP API called: %s %s", request.method, _single(path))
        if self._token and not (way is not None and way.route.exempt) and (refused := self._unknown(request)):
            return refused
        if way is None:
            return await self._elsewhere(request)
        try:
            response = await way.route.handler(request, *way.parameters)
        except BlockError as error:
            response = refusal(error, self._errors)
        if self._requests is not None:
            counter = way.counts.get(response.status)
            if counter is None:
                counter = way.counts[response.status] = self._counter(
                    self._requests, way, request.method, response.status
                )
            counter.add()
        return response

    def _unknown(self, request: Request) -> Response | None:
        shown = request.headers.get(TOKEN_HEADER, "")
        if hmac.compare_digest(shown.encode(), self._token):
            return None
        return refusal(UnauthenticatedError(shown=bool(shown)))

    def _find(self, method: str, path: str) -> _Way | None:
        """Find the way, and keep it."""
        parts = _single(path).split("/")[1:]
        found = _find(self._root, parts, 0, method, set())
        if found is None and not parts[-1]:  # a slash at the end counts where a path has one itself
            found = _find(self._root, parts[:-1], 0, method, set())
        if found is None:
            return None
        way = _Way(*found)
        if len(path) <= KEPT_PATH:
            if len(self._ways) >= KEPT_WAYS:
                self._ways.clear()
            self._ways[method, path] = way
        return way

    def _falls_back(self, request: Request) -> bool:
        return self._fall_back is not None and not self._fall_back_names.isdisjoint(request.headers)

    async def _elsewhere(self, request: Request) -> Response:
        """Answer a request for which there is no route."""
        if self._fall_back is not None and self._falls_back(request):
            try:
                response = await self._fall_back(request)
            except BlockError as error:
                response = refusal(error, self._errors)
            if response is not None:
                return response
        return self._lost(request)

    def _lost(self, request: Request) -> Response:
        path, allowed = _single(request.path), set[str]()
        _find(self._root, path.split("/")[1:], 0, request.method, allowed)
        if allowed and request.method != "OPTIONS":
            methods = ", ".join(sorted(allowed))
            message = f"method {request.method} is not offered for {path}; it has {methods}"
            return failure(405, "ERR_METHOD_NOT_ALLOWED", message, [("Allow", methods)])
        message = f"there is no {request.method} {path} in this API; see https://docs.dapr.io/reference/api/"
        return failure(404, "ERR_NOT_FOUND", message)

    def _counter(self, requests: Counters, way: _Way, method: str, status: int) -> Counter:
        """Return what counts the answers of a series: paths that differ in a key are one."""
        route, parameters = way.route, way.parameters
        key = (method, parameters[:-1] if route.pattern.endswith(KEY) else parameters, status)
        counter = route.counts.get(key)
        if counter is None:
            path = route.label(parameters) if len(route.counts) < MOST_SERIES else ""
            counter = requests.of(method=method, path=path, status=str(status))
            if len(route.counts) < MOST_SERIES:
                route.counts[key] = counter
        return counter


def _find(node: _Node, parts: list[str], index: int, method: str, allowed: set[str]) -> _Found | None:
    """Walk down; a fixed name goes before a parameter, if it leads to a route with this method."""
    if index == len(parts):
        return _of_method(node.routes, method, (), allowed)
    part = parts[index]
    child = node.fixed.get(part)
    if child is not None:
        found = _find(child, parts, index + 1, method, allowed)
        if found is not None:
            return found
    if node.parameter is not None and part:
        found = _find(node.parameter, parts, index + 1, method, allowed)
        if found is not None:
            return found[0], (_unescaped(part), *found[1])
    if node.rest:
        rest = "/".join(_unescaped(part) for part in parts[index:])
        return _of_method(node.rest, method, (rest,), allowed)
    return None


def _of_method(
    routes: dict[str, Route], method: str, parameters: tuple[str, ...], allowed: set[str]
) -> _Found | None:
    route = routes.get(method) or routes.get(ANY)
    if route is None and method == "HEAD":
        route = routes.get("GET")
    if route is None:
        allowed.update(routes)
        return None
    return route, parameters


async def _refuse(*_: object) -> NoReturn:
    raise NotOpenError


def _unescaped(part: str) -> str:
    return unquote_plus(part) if "%" in part or "+" in part else part


def _single(path: str) -> str:
    return _SLASHES.sub("/", path) if "//" in path else path
