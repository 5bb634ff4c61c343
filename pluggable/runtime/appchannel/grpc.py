"""
The application over gRPC: the methods of ``AppCallback`` and its sisters.

Sources: dapr/dapr ``pkg/runtime/subscription/postman/grpc``, ``pkg/api/grpc/manager``, ``pkg/channel/grpc``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Final, Self, TypeVar

from google.protobuf.message import DecodeError, Message

from ... import bindings
from ..._proto.dapr.proto.common.v1 import common_pb2 as common
from ..._proto.dapr.proto.runtime.v1 import appcallback_pb2 as pb
from ...transport import Channel, ChannelState, Code, Limits, StatusError, channel
from ...transport.addresses import joined
from .. import invocation, resources
from ..apart import apart
from ..config import RuntimeConfig
from .asked import subscriptions_of
from .base import Answer, AppChannel, AppConfig, BindingAnswer, BulkEvent, TopicEvent, Verdict
from .callbacks import binding_answer, binding_event, bulk_event, setting_changed, topic_event
from .errors import AppAnswerError, AppError, AppTimedOutError, AppUnreachableError
from .http import ENDPOINT_RETRY_SECONDS, ENDPOINT_SECONDS, ENDPOINT_TRIES
from .oninvoke import on_invoke
from .pairs import Metadata, metadata_pairs, trace_pairs
from .tls import trusting
from .verdicts import SHOWN_BYTES, answers_by_entry, worded
from .waiting import listens, until_listening

_CALLBACK: Final = "/dapr.proto.runtime.v1.AppCallback/"
_ALPHA: Final = "/dapr.proto.runtime.v1.AppCallbackAlpha/"
_HEALTH: Final = "/dapr.proto.runtime.v1.AppCallbackHealthCheck/HealthCheck"
#: The method for several events; that of applications made before it was stable is asked second.
_BULK: Final = (_CALLBACK + "OnBulkTopicEvent", _ALPHA + "OnBulkTopicEventAlpha1")
_WORDS: Final = {
    pb.TopicEventResponse.SUCCESS: "SUCCESS",
    pb.TopicEventResponse.RETRY: "RETRY",
    pb.TopicEventResponse.DROP: "DROP",
}
#: How long a call waits for a connection that was lost and is being made again.
RECONNECT_SECONDS = 5.0

M = TypeVar("M", bound=Message)

logger: logging.Logger = logging.getLogger(__name__)


class GRPCAppChannel(AppChannel):
    """
    Calls the application at ``app_channel_address`` and ``app_port``; ``async with`` ends its connection.

    A connection that drops is made again; a call waits for that a while, but none is repeated. Deliveries
    have no time limit of their own; who asked for one cancels it.
    """

    def __init__(self, config: RuntimeConfig) -> None:
        super().__init__(config)
        self._config = config
        host = config.app_channel_address
        address = joined(host, config.app_port)
        self._tls = trusting("h2") if config.app_protocol == "grpcs" else None
        limits = Limits(receive_bytes=config.max_body_bytes)
        self.channel: Channel = channel(address, limits=limits, tls=self._tls)
        """The connection itself, for calls that are only passed on; they take their ``turn``, too."""
        self.token: Metadata = (("dapr-api-token", config.app_api_token),) if config.app_api_token else ()
        """By which the application knows its sidecar; part of every call's metadata."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.channel.close()

    async def wait_for_app(self) -> None:
        host, port = self._config.app_channel_address, self._config.app_port
        await until_listening(port, lambda: listens(host, port, self._tls))

    async def config(self) -> AppConfig:
        """Return the default: such an application has no other way to say anything of itself."""
        if "config" in self._config.disabled_init_endpoints:
            logger.info("Skipping programmatic dapr configuration loading")
        return AppConfig()

    async def subscriptions(self) -> Sequence[resources.Subscription]:
        if "subscribe" in self._config.disabled_init_endpoints:
            logger.info("Skipping programmatic subscription loading")
            return ()
        answer = await self._asked(_CALLBACK + "ListTopicSubscriptions", pb.ListTopicSubscriptionsResponse)
        if answer is None:
            logger.info("pubsub subscriptions: gRPC app does not implement ListTopicSubscriptions")
            return ()
        return subscriptions_of(answer)

    async def deliver(self, path: str, event: TopicEvent) -> Answer:
        content = event.content
        request = await apart(len(content.body), topic_event, path, event)
        metadata = trace_pairs(*content.trace) + metadata_pairs(event.metadata)
        try:
            answer = await self._call(_CALLBACK + "OnTopicEvent", request, pb.TopicEventResponse, metadata)
        except StatusError as error:
            return _failure(error)
        return worded(_WORDS.get(answer.status, str(answer.status)))

    async def deliver_bulk(self, path: str, bulk: BulkEvent) -> Sequence[Answer]:
        size = sum(len(entry.data) for entry in bulk.entries)
        request = await apart(size, bulk_event, path, bulk)
        metadata = trace_pairs(*bulk.trace) + metadata_pairs(bulk.metadata)
        for method in _BULK:
            try:
                answer = await self._call(method, request, pb.TopicEventBulkResponse, metadata)
            except StatusError as error:
                failure = _failure(error)
                if error.code is not Code.UNIMPLEMENTED:
                    break
            else:
                said = {
                    each.entry_id: worded(_WORDS.get(each.status, str(each.status)))
                    for each in answer.statuses
                }
                return answers_by_entry(said, bulk)
        return [failure] * len(bulk.entries)

    async def wants_binding(self, name: str, route: str, timeout_seconds: float) -> bool:  # noqa: ARG002  it is known by its name
        try:
            answer = await self._unary(
                _CALLBACK + "ListInputBindings", b"", pb.ListInputBindingsResponse, timeout=timeout_seconds
            )
        except StatusError as error:
            if error.code is not Code.UNIMPLEMENTED:
                logger.warning(
                    "ListInputBindings: cannot tell whether the application takes binding %s: %s", name, error
                )
            return False
        return name in answer.bindings

    async def binding_event(self, name: str, route: str, event: bindings.Event) -> BindingAnswer:  # noqa: ARG002  it is called by its name
        metadata = trace_pairs(event.metadata.get("traceparent", ""), event.metadata.get("tracestate", ""))
        try:
            answer = await self._call(
                _CALLBACK + "OnBindingEvent", binding_event(name, event), pb.BindingEventResponse, metadata
            )
        except StatusError as error:
            raise _app_error("error invoking app: OnBindingEvent", error) from error
        return binding_answer(answer)

    async def invoke(self, request: invocation.Request) -> invocation.Response:
        self.health.check()
        async with self.turn:
            try:
                await self.connected()
            except StatusError as error:
                raise _app_error(request.method, error) from error
            return await on_invoke(self.channel, request, self.token, self._config.max_body_bytes)

    async def connected(self, timeout_seconds: float = RECONNECT_SECONDS) -> None:
        if self.channel.state is not ChannelState.UP:
            await self.channel.connect(timeout_seconds)

    async def setting_changed(self, store: str, key: str, event: bytes) -> None:
        request = setting_changed(store, key, event)
        try:
            await self._call(_CALLBACK + "OnInvoke", request, common.InvokeResponse, ())
        except StatusError as error:
            raise _app_error("error sending configuration item to application: OnInvoke", error) from error

    async def healthy(self) -> bool:
        try:
            await self.channel.unary(
                _HEALTH, b"", metadata=self.token, timeout=self._config.app_health_probe_timeout_seconds
            )
        except StatusError as error:
            logger.debug("health check: %s", error)
            return False
        return True

    async def _call(self, method: str, request: bytes, kind: type[M], metadata: Metadata) -> M:
        """Ask when it is this request's turn, and the connection stands."""
        async with self.turn:
            return await self._unary(method, request, kind, metadata)

    async def _unary(
        self,
        method: str,
        request: bytes,
        kind: type[M],
        metadata: Metadata = (),
        timeout: float | None = None,
    ) -> M:
        await self.connected(RECONNECT_SECONDS if timeout is None else timeout)
        answer = await self.channel.unary(method, request, metadata=self.token + metadata, timeout=timeout)
        try:
            return kind.FromString(answer)
        except DecodeError as error:
            raise StatusError(
                Code.INTERNAL, f"{method}: the application's answer is no {kind.__name__}"
            ) from error

    async def _asked(self, method: str, kind: type[M]) -> M | None:
        """Ask what is asked once at start; an application that has no such method says nothing."""
        for tries_left in reversed(range(ENDPOINT_TRIES)):
            try:
                return await self._unary(method, b"", kind, timeout=ENDPOINT_SECONDS)
            except StatusError as error:
                if error.code is Code.UNIMPLEMENTED:
                    return None
                if error.code is not Code.UNAVAILABLE or not tries_left:
                    raise _app_error(method, error) from error
                logger.warning("%s: %s; asking again", method, error)
                await asyncio.sleep(ENDPOINT_RETRY_SECONDS)
        return None


def _failure(error: StatusError) -> Answer:
    """Return what a failed delivery means: an application without the method will not have it next time."""
    verdict = Verdict.DROP if error.code is Code.UNIMPLEMENTED else Verdict.RETRY
    return Answer(verdict, f"error returned from app: {error.code.name}: {error.message[:SHOWN_BYTES]}")


def _app_error(what: str, error: StatusError) -> AppError:
    kinds = {Code.UNAVAILABLE: AppUnreachableError, Code.DEADLINE_EXCEEDED: AppTimedOutError}
    return kinds.get(error.code, AppAnswerError)(f"{what}: {error.code.name}: {error.message[:SHOWN_BYTES]}")
