"""The sidecar's description, and its end, over gRPC."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ...._proto.dapr.proto.runtime.v1 import metadata_pb2 as pb
from ...._proto.google.protobuf import empty_pb2
from ....transport import ServerCall
from ...blocks.actors import ActorRuntime
from ...blocks.metadata import AppConnection, Metadata
from ...resources import Subscription
from .service import Service

FORCE = "dapr-force-shutdown"


class MetadataCalls:
    """The methods for metadata, and ``Shutdown``."""

    def __init__(self, block: Metadata, shutdown: Callable[[bool], None]) -> None:
        self._block = block
        self._shutdown = shutdown

    def add_to(self, service: Service) -> None:
        """Add the methods."""
        service.add("GetMetadata", pb.GetMetadataRequest, self.get)
        service.add("SetMetadata", pb.SetMetadataRequest, self.set)
        # ShutdownRequest is empty, and its file is the one that imports all others: Empty reads it as well
        service.add("Shutdown", empty_pb2.Empty, self.shutdown)

    async def get(self, _request: pb.GetMetadataRequest, _call: ServerCall) -> pb.GetMetadataResponse:
        """Answer with the description."""
        told = self._block.describe()
        named = told.named.get
        return pb.GetMetadataResponse(
            id=told.id,
            runtime_version=told.runtime_version,
            enabled_features=told.enabled_features,
            extended_metadata=told.extended,
            registered_components=[
                pb.RegisteredComponents(
                    name=component.name,
                    type=component.type,
                    version=component.version,
                    capabilities=component.capabilities,
                )
                for component in told.components
            ],
            subscriptions=[_subscription(subscription) for subscription in told.subscriptions],
            app_connection_properties=_connection(told.app),
            active_actors_count=_hosted(told.actors),
            actor_runtime=pb.ActorRuntime(
                runtime_status=pb.ActorRuntime.ActorRuntimeStatus.Value(told.actors.status),
                active_actors=_hosted(told.actors),
                placement=told.actors.placement,
            ),
            workflows=pb.MetadataWorkflows(),
            http_endpoints=[pb.MetadataHTTPEndpoint(name=each) for each in named("httpEndpoints", ())],
            mcp_servers=[pb.MetadataMCPServer(name=each) for each in named("mcpServers", ())],
            workflow_access_policies=[
                pb.MetadataWorkflowAccessPolicy(name=each) for each in named("workflowAccessPolicies", ())
            ],
            resiliencies=[pb.MetadataResiliency(name=each) for each in named("resiliencies", ())],
        )

    async def set(self, request: pb.SetMetadataRequest, _call: ServerCall) -> None:
        """Set an attribute."""
        self._block.set(request.key, request.value)

    async def shutdown(self, _request: empty_pb2.Empty, call: ServerCall) -> None:
        """Answer, then end the sidecar."""
        force = call.metadata.get(FORCE, "") == "true"
        asyncio.get_running_loop().call_soon(self._shutdown, force)


def _hosted(told: ActorRuntime) -> list[pb.ActiveActorsCount]:
    return [pb.ActiveActorsCount(type=each) for each in told.hosted]


def _subscription(told: Subscription) -> pb.PubsubSubscription:
    rules = [pb.PubsubSubscriptionRule(match=rule.match, path=rule.path) for rule in told.rules]
    return pb.PubsubSubscription(
        pubsub_name=told.pubsub,
        topic=told.topic,
        metadata=told.metadata,
        rules=pb.PubsubSubscriptionRules(rules=rules),
        dead_letter_topic=told.dead_letter_topic,
        type=pb.PubsubSubscriptionType.Value(told.kind),
    )


def _connection(told: AppConnection) -> pb.AppConnectionProperties:
    health = None
    if told.health is not None:
        health = pb.AppConnectionHealthProperties(
            health_check_path=told.health.path,
            health_probe_interval=told.health.probe_interval,
            health_probe_timeout=told.health.probe_timeout,
            health_threshold=told.health.threshold,
        )
    return pb.AppConnectionProperties(
        port=told.port,
        protocol=told.protocol,
        channel_address=told.channel_address,
        max_concurrency=told.max_concurrency,
        health=health,
    )
