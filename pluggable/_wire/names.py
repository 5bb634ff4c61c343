"""The names on the wire: services, methods, headers, and the reasons of our errors."""

from __future__ import annotations

from typing import Final

_PACKAGE: Final = "dapr.proto.components.v1"

#: Full names of the services, as reflection lists them.
STATE_STORE: Final = f"{_PACKAGE}.StateStore"
TRANSACTIONAL_STATE_STORE: Final = f"{_PACKAGE}.TransactionalStateStore"
QUERIABLE_STATE_STORE: Final = f"{_PACKAGE}.QueriableStateStore"
MULTI_MAX_SIZE: Final = f"{_PACKAGE}.TransactionalStoreMultiMaxSize"
PUBSUB: Final = f"{_PACKAGE}.PubSub"
INPUT_BINDING: Final = f"{_PACKAGE}.InputBinding"
OUTPUT_BINDING: Final = f"{_PACKAGE}.OutputBinding"
SECRET_STORE: Final = f"{_PACKAGE}.SecretStore"

#: The block a service makes its socket a component of; the other services add to one of these.
BLOCK_OF_SERVICE: Final = {
    STATE_STORE: "state",
    PUBSUB: "pubsub",
    INPUT_BINDING: "bindings",
    OUTPUT_BINDING: "bindings",
    SECRET_STORE: "secretstores",
}

REFLECTION_V1: Final = "grpc.reflection.v1.ServerReflection"
REFLECTION_V1ALPHA: Final = "grpc.reflection.v1alpha.ServerReflection"
HEALTH: Final = "grpc.health.v1.Health"

#: Which configured component a call is for: its name in the sidecar's YAML.
INSTANCE_HEADER: Final = "x-component-instance"
#: Which sidecar is calling, so that two of them may use one name; ours alone sends it.
CLIENT_HEADER: Final = "x-pluggable-client"

#: Whose words the reasons below are, in ``google.rpc.ErrorInfo``.
DOMAIN: Final = "pluggable"
NOT_INITIALIZED: Final = "NOT_INITIALIZED"
INIT_FAILED: Final = "INIT_FAILED"
METADATA_INVALID: Final = "METADATA_INVALID"
ROW_MISMATCH: Final = "ROW_MISMATCH"
INVOKE_FAILED: Final = "INVOKE_FAILED"


def path(service: str, method: str) -> str:
    """Return the path a method is called by."""
    return f"/{service}/{method}"
