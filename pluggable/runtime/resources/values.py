"""What the YAML files describe, as values: components, subscriptions, configurations and all the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..access import ALL_OPEN, Access


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a resource was written, for whoever has to mend it."""

    file: str
    document: int = 1
    """Which document of the file, from 1."""
    line: int = 1

    def __str__(self) -> str:
        return f"{self.file}, document {self.document}, line {self.line}"


#: How long Init may take where the YAML does not say.
INIT_TIMEOUT_SECONDS = 5.0

EMBEDDED = Origin("embedded defaults")
#: What is on where nothing is said of it (dapr: ``pkg/config/configuration.go``).
FEATURES_ON = ("HotReload",)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataItem:
    """One property under ``spec.metadata``: a value, or where to find it."""

    name: str
    value: str | None = field(default=None, repr=False)
    secret_name: str | None = None
    """``secretKeyRef.name``."""
    secret_key: str | None = None
    """``secretKeyRef.key``."""
    env: str | None = None
    """``envRef``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """``kind: Component``. Two are equal if a running one need not be replaced."""

    name: str
    type: str
    """``<block>.<name>``, in lower case."""
    written_type: str = field(default="", compare=False)
    """The type as the file has it, which is in any case."""
    version: str = "v1"
    metadata: tuple[MetadataItem, ...] = ()
    namespace: str = ""
    scopes: tuple[str, ...] = ()
    secret_store: str = ""
    """``auth.secretStore``."""
    ignore_errors: bool = False
    init_timeout_seconds: float = INIT_TIMEOUT_SECONDS
    origin: Origin = field(default=EMBEDDED, compare=False)

    @property
    def block(self) -> str:
        """The part of the type before the first dot: ``state``, ``pubsub`` …, by which it is served."""
        return self.type.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.name} ({self.type}/{self.version})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One route: where an event goes when the expression holds; an empty one always does."""

    path: str
    match: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkSubscribe:
    """How many messages to collect, and for how long, before they are handed over together."""

    enabled: bool = False
    max_messages: int = 100
    max_await_seconds: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """``kind: Subscription`` of either version, or an item of the application's ``/dapr/subscribe``."""

    pubsub: str
    topic: str
    rules: tuple[Rule, ...] = ()
    """In order; the default route is the last, with no expression."""
    dead_letter_topic: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    bulk: BulkSubscribe = BulkSubscribe()
    name: str = ""
    """Of the resource; empty for a programmatic one."""
    kind: str = "DECLARATIVE"
    """``DECLARATIVE``, ``PROGRAMMATIC`` or ``STREAMING``, as the metadata API says it."""
    namespace: str = ""
    scopes: tuple[str, ...] = ()
    origin: Origin = field(default=EMBEDDED, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretScope:
    """Which secrets of one store the application may read; an empty list of allowed ones says nothing."""

    store: str
    default_allow: bool = True
    allowed: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()

    def allows(self, secret: str) -> bool:
        """Whether the application may read this secret."""
        if self.allowed:
            return secret in self.allowed
        return secret not in self.denied and self.default_allow


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """A middleware that a pipeline of the configuration names."""

    name: str
    type: str
    version: str = "v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """``kind: Configuration`` as far as the sidecar acts on it, and its whole ``spec``, keys as written."""

    name: str = "daprsystem"
    secret_scopes: tuple[SecretScope, ...] = ()
    features: Mapping[str, bool] = field(default_factory=dict)
    api_logging: bool = False
    """``logging.apiLogging.enabled``, which counts where the flag was not given."""
    metrics: bool = True
    """``metrics.enabled``, or else ``metric.enabled``."""
    record_error_codes: bool = False
    """``metrics.recordErrorCodes``, or else of ``metric``."""
    access: Access = ALL_OPEN
    """``api``: which parts of the API are open."""
    http_pipeline: tuple[Handler, ...] = ()
    """``httpPipeline``: what requests to the API go through."""
    app_http_pipeline: tuple[Handler, ...] = ()
    """``appHttpPipeline``: what requests to the application go through."""
    spec: Mapping[str, Any] = field(default_factory=dict)
    origin: Origin = field(default=EMBEDDED, compare=False)

    @property
    def enabled(self) -> tuple[str, ...]:
        """The features that are on: as it says, or else as daprd has them without a word."""
        return tuple(name for name, on in {**dict.fromkeys(FEATURES_ON, True), **self.features}.items() if on)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTLS:
    """``clientTLS`` of an endpoint: PEM texts, each written there or to be fetched."""

    root_ca: MetadataItem | None = None
    certificate: MetadataItem | None = None
    private_key: MetadataItem | None = None
    renegotiation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HTTPEndpoint:
    """``kind: HTTPEndpoint``: a server outside that is invoked by name."""

    name: str
    base_url: str
    headers: tuple[MetadataItem, ...] = ()
    client_tls: ClientTLS | None = None
    secret_store: str = ""
    """``auth.secretStore``, by which headers and certificates are fetched."""
    namespace: str = ""
    scopes: tuple[str, ...] = ()
    origin: Origin = field(default=EMBEDDED, compare=False)

    def __str__(self) -> str:
        return f"{self.name} ({self.base_url})"


@dataclass(frozen=True, slots=True, kw_only=True)
class MCPServer:
    """``kind: MCPServer``: a server of tools, with what is looked at of it and its whole ``spec``."""

    name: str
    transports: tuple[str, ...] = ()
    """Which of ``streamableHTTP``, ``sse`` and ``stdio`` are given; one is wanted."""
    url: str = ""
    command: str = ""
    variables: tuple[str, ...] = ()
    """Names of the environment variables that the command gets."""
    ignore_errors: bool = False
    spec: Mapping[str, Any] = field(default_factory=dict)
    namespace: str = ""
    scopes: tuple[str, ...] = ()
    origin: Origin = field(default=EMBEDDED, compare=False)

    def __str__(self) -> str:
        return f"{self.name} ({self.url})" if self.url else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """A resource of another kind: its name, and its whole ``spec``, keys as written."""

    name: str
    spec: Mapping[str, Any] = field(default_factory=dict)
    namespace: str = ""
    scopes: tuple[str, ...] = ()
    origin: Origin = field(default=EMBEDDED, compare=False)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Everything that the files describe, in file order."""

    components: tuple[Component, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    http_endpoints: tuple[HTTPEndpoint, ...] = ()
    mcp_servers: tuple[MCPServer, ...] = ()
    resiliencies: tuple[Declaration, ...] = ()
    workflow_access_policies: tuple[Declaration, ...] = ()
    configurations: tuple[Declaration, ...] = ()
    """Those that lie among the resources; what counts of them is what ``--config`` names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """
    What is new since the last batch; start-up is the first batch, with everything added.

    A resource of the same name and another content is in ``changed``, with its new content.
    """

    added: Resources = Resources()
    changed: Resources = Resources()
    removed: Resources = Resources()
