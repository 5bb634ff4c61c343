"""The application over HTTP: Dapr's endpoints in it, deliveries to its routes."""

from __future__ import annotations

import asyncio
import json
import logging
import posixpath
import re
from collections.abc import Sequence
from typing import Any, Final, Self
from urllib.parse import quote

from ... import bindings
from .. import invocation, resources
from ..apart import apart
from ..cloudevents import CLOUD_EVENT_TYPE
from ..config import RuntimeConfig
from ..http1 import Answer as Response
from ..middleware import Pipeline
from .asking import Asking
from .base import Answer, AppChannel, AppConfig, BindingAnswer, BulkEvent, TopicEvent
from .bulk import bulk_envelope
from .client import MAX_CONNECTIONS, Client, Request, header_lines
from .errors import AppAnswerError, AppError, AppUnreachableError
from .headers import TRACE_PARENT, is_header, metadata_lines
from .invoking import invoked, request_of
from .obliging import binding_answer_of
from .piped import PipedClient
from .subscribe import read_subscriptions
from .tls import trusting
from .verdicts import answer_of, answers_of, shown
from .waiting import until_listening

#: The endpoints that are asked once at start get this long each.
ENDPOINT_SECONDS = 60.0
#: How often an endpoint is asked that is there and yet cannot be reached, and how long between.
ENDPOINT_TRIES = 4
ENDPOINT_RETRY_SECONDS = 0.5
#: How many calls of other applications are under way at once, apart from what the sidecar itself asks.
MAX_CALLS = 1024

_PLAIN: Final = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+").fullmatch

logger: logging.Logger = logging.getLogger(__name__)


class HTTPAppChannel(AppChannel):
    """
    Calls the application at ``app_channel_address`` and ``app_port``; ``async with`` ends its connections.

    Messages may be sent twice where a connection breaks (see ``Client``): brokers deliver at least once, so
    an application must bear that anyway, and the other choice is to lose some. Deliveries have no time
    limit of their own; who asked for one cancels it.
    """

    def __init__(self, config: RuntimeConfig, pipeline: Pipeline | None = None) -> None:
        super().__init__(config)
        self._config = config
        self._direct = _client(config, MAX_CONNECTIONS)
        self._client = _piped(self._direct, pipeline)
        self._calls = _piped(_client(config, MAX_CALLS), pipeline)
        token = (("dapr-api-token", config.app_api_token),) if config.app_api_token else ()
        common = header_lines((("user-agent", "pluggable"), *token))
        self._token = header_lines(token)
        self._own = common + header_lines(
            (("dapr-app-id", config.app_id), ("content-type", "application/json"))
        )
        self._delivery = common + header_lines((("content-type", CLOUD_EVENT_TYPE),))
        self._json_body = common + header_lines((("content-type", "application/json"),))
        self._common = common

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._client.close()
        self._calls.close()

    async def wait_for_app(self) -> None:
        await until_listening(self._config.app_port, self._client.connectable)

    async def config(self) -> AppConfig:
        if "config" in self._config.disabled_init_endpoints:
            logger.info("Skipping programmatic dapr configuration loading")
            return AppConfig()
        response = await self._endpoint("/dapr/config")
        if response.status != 200:
            return AppConfig()
        settings = _json(response, "/dapr/config")
        if not isinstance(settings, dict):
            raise AppAnswerError(
                f"GET /dapr/config: the application answered {settings!r}, a JSON object is wanted"
            )
        entities = settings.get("entities") or []
        if not isinstance(entities, list) or not all(isinstance(entity, str) for entity in entities):
            raise AppAnswerError(
                f"GET /dapr/config: entities is {entities!r}, a list of actor types is wanted"
            )
        return AppConfig(entities=tuple(entities), settings=settings)

    async def subscriptions(self) -> Sequence[resources.Subscription]:
        if "subscribe" in self._config.disabled_init_endpoints:
            logger.info("Skipping programmatic subscription loading")
            return ()
        response = await self._endpoint("/dapr/subscribe")
        if response.status == 404:
            return ()
        if response.status != 200:
            logger.error("app returned http status code %d from subscription endpoint", response.status)
            return ()
        return read_subscriptions(_json(response, "/dapr/subscribe") if response.body.strip() else [])

    async def deliver(self, path: str, event: TopicEvent) -> Answer:
        content = event.content
        headers = self._delivery + _trace(*content.trace)
        if event.metadata:
            headers += metadata_lines(event.metadata)
        response = await self._call(
            Request(method="POST", path=target(path), headers=headers, body=content.body, may_repeat=True)
        )
        return await answer_of(response)

    async def deliver_bulk(self, path: str, bulk: BulkEvent) -> Sequence[Answer]:
        size = sum(len(entry.data) for entry in bulk.entries)
        body = await apart(size, bulk_envelope, bulk)
        headers = self._json_body + _trace(*bulk.trace)
        if bulk.metadata:
            headers += metadata_lines(bulk.metadata)
        response = await self._call(
            Request(method="POST", path=target(path), headers=headers, body=body, may_repeat=True)
        )
        return await answers_of(response, bulk)

    async def wants_binding(self, name: str, route: str, timeout_seconds: float) -> bool:
        request = Request(method="OPTIONS", path=target(route), headers=self._common, may_repeat=True)
        try:
            response = await self._client.request(request, timeout_seconds)
        except AppError as error:
            logger.warning(
                "OPTIONS %s: cannot tell whether the application takes binding %s: %s", route, name, error
            )
            return False
        return 200 <= response.status < 300 or response.status == 405

    async def binding_event(self, name: str, route: str, event: bindings.Event) -> BindingAnswer:  # noqa: ARG002  it is called by its route
        headers = self._json_body
        if event.metadata:
            # a binding's own trace goes on, as that of a message in Kafka
            trace = _trace(event.metadata.get("traceparent", ""), event.metadata.get("tracestate", ""))
            headers += trace + metadata_lines(event.metadata)
        response = await self._call(
            Request(method="POST", path=target(route), headers=headers, body=event.data, may_repeat=True)
        )
        if not 200 <= response.status < 300:
            raise AppAnswerError(
                f"fails to send binding event to http app channel, status code: {response.status} "
                f"body: {shown(response.body)}"
            )
        return await binding_answer_of(response.body)

    async def setting_changed(self, store: str, key: str, event: bytes) -> None:
        path = target(f"/configuration/{store}/{key}")
        response = await self._call(
            Request(method="POST", path=path, headers=self._json_body, body=event, may_repeat=True)
        )
        if not 200 <= response.status < 300:
            raise AppAnswerError(
                f"error sending configuration item to application, status {response.status}, "
                f"body: {shown(response.body)}"
            )

    async def invoke(self, request: invocation.Request) -> invocation.Response:
        self.health.check()
        turn = self.turn if self._config.app_max_concurrency > 0 else None
        return await invoked(self._calls, request_of(request, self._token), turn)

    async def healthy(self) -> bool:
        """Ask past the middleware, which has no say in how the application is."""
        config = self._config
        request = Request(
            method="GET", path=target(config.app_health_check_path), headers=self._common, may_repeat=True
        )
        try:
            response = await self._direct.request(request, config.app_health_probe_timeout_seconds or None)
        except AppError as error:
            logger.debug("health check: %s", error)
            return False
        return 200 <= response.status < 300

    async def _call(self, request: Request) -> Response:
        """Ask when it is this request's turn, as ``app-max-concurrency`` says."""
        async with self.turn:
            return await self._client.request(request)

    async def _endpoint(self, path: str) -> Response:
        request = Request(method="GET", path=path, headers=self._own, may_repeat=True)
        for _ in range(ENDPOINT_TRIES - 1):
            try:
                return await self._client.request(request, ENDPOINT_SECONDS)
            except AppUnreachableError as error:
                logger.warning("%s; asking again", error)
                await asyncio.sleep(ENDPOINT_RETRY_SECONDS)
        return await self._client.request(request, ENDPOINT_SECONDS)


def _client(config: RuntimeConfig, at_once: int) -> Asking:
    """Return a client that speaks the application's protocol."""
    host, port, most = config.app_channel_address, config.app_port, config.max_body_bytes
    if config.app_protocol == "h2c":
        from .h2client import H2Client  # with its engine, which other applications need not

        return H2Client(host, port, max_body_bytes=most, max_requests=at_once)
    tls = trusting("http/1.1") if config.app_protocol == "https" else None
    return Client(host, port, max_body_bytes=most, max_connections=at_once, tls=tls)


def _piped(client: Asking, pipeline: Pipeline | None) -> Asking:
    return PipedClient(client, pipeline) if pipeline else client


def target(path: str) -> str:
    """
    Return a route as a request has it: from the root, no dots or doubled slashes, what is no URL quoted.

    Source: dapr/dapr ``pkg/channel/http/http_channel.go``, which applies ``path.Clean``.
    """
    if not path.startswith("/"):
        path = "/" + path
    if _PLAIN(path):
        return path
    way, mark, query = path.partition("?")
    cleaned = "/" + posixpath.normpath(way).lstrip("/")
    return quote(cleaned, safe="/%:@!$&'()*+,;=~-._") + mark + quote(query, safe="/%:@!$&'()*+,;=~-._?")


def _json(response: Response, path: str) -> Any:
    try:
        return json.loads(response.body)
    except (ValueError, RecursionError) as error:
        raise AppAnswerError(
            f"GET {path}: the application's answer is no JSON: {error}; "
            f"it begins {shown(response.body[:80])!r}"
        ) from error


def _trace(parent: str, state: str) -> bytes:
    if not parent or TRACE_PARENT(parent) is None or not is_header("traceparent", parent):
        return b""
    if state and is_header("tracestate", state):
        return f"traceparent: {parent}\r\ntracestate: {state}\r\n".encode("utf-8", "replace")
    return f"traceparent: {parent}\r\n".encode("utf-8", "replace")
