"""What the sidecar tells about itself: components, subscriptions, the application behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ... import component, state
from ...keyspace import NativeBulk
from ..components.catalog import Catalog
from ..config import RuntimeConfig
from ..gotext import duration
from ..resources import Configuration, Subscription
from .actors import ActorRuntime, Actors

#: The release of Dapr whose APIs are offered; clients look at it to know what they may call.
API_VERSION = "1.18.3"
#: What a component serves to this sidecar only: no word that callers of the metadata API know.
_WITHIN: Final = frozenset({NativeBulk.feature})


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredComponent:
    """A component that is loaded."""

    name: str
    type: str
    version: str
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AppHealth:
    """How the application is probed."""

    path: str
    probe_interval: str
    probe_timeout: str
    threshold: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AppConnection:
    """How the sidecar reaches the application."""

    port: int
    protocol: str
    channel_address: str
    max_concurrency: int = 0
    health: AppHealth | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """The sidecar at one moment."""

    id: str
    runtime_version: str
    components: Sequence[RegisteredComponent]
    subscriptions: Sequence[Subscription]
    app: AppConnection
    actors: ActorRuntime
    named: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The names of what else is loaded, by the key that the metadata API lists it under."""
    enabled_features: Sequence[str] = ()
    extended: Mapping[str, str] = field(default_factory=dict)


class Metadata:
    """Describes the sidecar, and keeps what applications add to the description."""

    def __init__(
        self,
        catalog: Catalog,
        config: RuntimeConfig,
        configuration: Configuration,
        subscriptions: Callable[[], Sequence[Subscription]],
        actors: Actors,
    ) -> None:
        self._catalog = catalog
        self._id = config.app_id
        self._app = _app_connection(config)
        self._features = configuration.enabled
        self._subscriptions = subscriptions
        self._actors = actors
        self._extended = {"daprRuntimeVersion": API_VERSION}

    def set(self, key: str, value: str) -> None:
        """Add an attribute, or change it; one without a name is ignored, as daprd does."""
        if key:
            self._extended[key] = value

    def describe(self) -> Description:
        """Return what there is to tell now."""
        return Description(
            id=self._id,
            runtime_version=API_VERSION,
            components=[
                RegisteredComponent(
                    name=loaded.spec.name,
                    type=loaded.spec.type,
                    version=loaded.spec.version,
                    capabilities=capabilities(loaded.component),
                )
                for loaded in self._catalog.all()
            ],
            subscriptions=self._subscriptions(),
            app=self._app,
            actors=self._actors.describe(),
            named={key: names for key, names in self._catalog.declared.names().items() if names},
            enabled_features=self._features,
            extended={**self._extended, "daprRuntimeVersion": API_VERSION},
        )


def capabilities(loaded: component.Component) -> tuple[str, ...]:
    """Return the component's features in Dapr's words, and ``ACTOR`` for a store that actors can live in."""
    features = tuple(feature for feature in loaded.features if feature not in _WITHIN)
    if isinstance(loaded, state.StateStore) and {"ETAG", "TRANSACTIONAL"} <= set(features):
        return (*features, "ACTOR")
    return features


def _app_connection(config: RuntimeConfig) -> AppConnection:
    health = None
    if config.enable_app_health_check:
        health = AppHealth(
            path=config.app_health_check_path if config.app_protocol.startswith("http") else "",
            probe_interval=duration(config.app_health_probe_interval_seconds),
            probe_timeout=duration(config.app_health_probe_timeout_seconds),
            threshold=config.app_health_threshold,
        )
    return AppConnection(
        port=config.app_port,
        protocol=config.app_protocol,
        channel_address=config.app_channel_address,
        max_concurrency=config.app_max_concurrency,
        health=health,
    )
