"""What YAML files describe: read with the places of what is wrong, as values, and as a stream of changes."""

from .values import (
    BulkSubscribe,
    Changes,
    ClientTLS,
    Component,
    Configuration,
    Declaration,
    Handler,
    HTTPEndpoint,
    MCPServer,
    MetadataItem,
    Origin,
    Resources,
    Rule,
    SecretScope,
    Subscription,
)

__all__ = [
    "BulkSubscribe",
    "Changes",
    "ClientTLS",
    "Component",
    "Configuration",
    "Declaration",
    "HTTPEndpoint",
    "Handler",
    "MCPServer",
    "MetadataItem",
    "Origin",
    "Resources",
    "Rule",
    "SecretScope",
    "Subscription",
]
