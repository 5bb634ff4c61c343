"""The sidecar's description over HTTP."""

from __future__ import annotations

from typing import Any

from ...blocks.actors import ActorRuntime
from ...blocks.metadata import AppConnection, Description, Metadata, RegisteredComponent
from ...resources import Rule, Subscription
from ..jsontext import dump
from .request import NO_CONTENT, Request, Response
from .router import Router


class MetadataHandlers:
    """``/v1.0/metadata``."""

    def __init__(self, block: Metadata) -> None:
        self._block = block

    def add_to(self, router: Router) -> None:
        """Add the paths."""
        router.add("GET", "/v1.0/metadata", self.get)
        router.add("PUT", "/v1.0/metadata/{key}", self.set)

    async def get(self, request: Request) -> Response:  # noqa: ARG002  every handler gets its request
        """Answer with the description."""
        return Response(200, dump(_description(self._block.describe())))

    async def set(self, request: Request, key: str) -> Response:
        """Set an attribute to the body."""
        self._block.set(key, request.body.decode(errors="replace"))
        return NO_CONTENT


def _description(told: Description) -> dict[str, Any]:
    body: dict[str, Any] = {"id": told.id, "runtimeVersion": told.runtime_version}
    if told.enabled_features:
        body["enabledFeatures"] = list(told.enabled_features)
    if told.components:
        body["components"] = [_component(component) for component in told.components]
    body["extended"] = dict(told.extended)
    if told.subscriptions:
        body["subscriptions"] = [_subscription(subscription) for subscription in told.subscriptions]
    body["appConnectionProperties"] = _connection(told.app)
    body["actorRuntime"] = _actors(told.actors)
    for key, names in told.named.items():
        body[key] = [{"name": name} for name in names]
    if told.actors.hosted:
        body["actors"] = body["actorRuntime"]["activeActors"]
    return body


def _component(told: RegisteredComponent) -> dict[str, Any]:
    body: dict[str, Any] = {"name": told.name, "type": told.type, "version": told.version}
    if told.capabilities:
        body["capabilities"] = list(told.capabilities)
    return body


def _actors(told: ActorRuntime) -> dict[str, Any]:
    body: dict[str, Any] = {"runtimeStatus": told.status}
    if told.hosted:
        body["activeActors"] = [{"type": each} for each in told.hosted]
    body["hostReady"] = False
    if told.placement:
        body["placement"] = told.placement
    return body


def _subscription(told: Subscription) -> dict[str, Any]:
    body: dict[str, Any] = {"pubsubname": told.pubsub, "topic": told.topic}
    if told.metadata:
        body["metadata"] = dict(told.metadata)
    if told.rules:
        body["rules"] = [_rule(rule) for rule in told.rules]
    return {**body, "deadLetterTopic": told.dead_letter_topic, "type": told.kind}


def _rule(told: Rule) -> dict[str, str]:
    fields = {"match": told.match, "path": told.path}
    return {name: value for name, value in fields.items() if value}


def _connection(told: AppConnection) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if told.port:
        body["port"] = told.port
    body["protocol"] = told.protocol
    body["channelAddress"] = told.channel_address
    if told.max_concurrency:
        body["maxConcurrency"] = told.max_concurrency
    if told.health is not None:
        body["health"] = {
            "healthCheckPath": told.health.path,
            "healthProbeInterval": told.health.probe_interval,
            "healthProbeTimeout": told.health.probe_timeout,
            "healthThreshold": told.health.threshold,
        }
    return body
