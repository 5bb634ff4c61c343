"""The sidecar's description over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...blocks.metadata import AppConnection, Description, Metadata, RegisteredComponent
from ...resources import Subscription
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
    body["components"] = [_component(component) for component in told.components]
    body["extended"] = dict(told.extended)
    if told.subscriptions:
        body["subscriptions"] = [_subscription(subscription) for subscription in told.subscriptions]
    body |= _named(httpEndpoints=told.http_endpoints)
    body["appConnectionProperties"] = _connection(told.app)
    body["actorRuntime"] = {
        "runtimeStatus": "DISABLED",
        "hostReady": False,
        "placement": "placement: disconnected",
    }
    return body | _named(
        mcpServers=told.mcp_servers,
        workflowAccessPolicies=told.workflow_access_policies,
        resiliencies=told.resiliencies,
    )


def _component(told: RegisteredComponent) -> dict[str, Any]:
    body: dict[str, Any] = {"name": told.name, "type": told.type, "version": told.version}
    if told.capabilities:
        body["capabilities"] = list(told.capabilities)
    return body


def _named(**lists: Sequence[str]) -> dict[str, list[dict[str, str]]]:
    """Return the lists that are not empty, each name as an object."""
    return {key: [{"name": name} for name in names] for key, names in lists.items() if names}


def _subscription(told: Subscription) -> dict[str, Any]:
    body: dict[str, Any] = {"pubsubname": told.pubsub, "topic": told.topic}
    if told.metadata:
        body["metadata"] = dict(told.metadata)
    body["rules"] = [{"match": rule.match, "path": rule.path} for rule in told.rules]
    if told.dead_letter_topic:
        body["deadLetterTopic"] = told.dead_letter_topic
    return {**body, "type": told.kind}


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
