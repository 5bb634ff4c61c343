"""The building blocks, without a protocol: what the HTTP and the gRPC API both call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..appchannel import AppChannel, NoApp
from ..components.catalog import Catalog
from ..config import RuntimeConfig
from ..resources import Configuration, Subscription
from ..traffic import MessageTraffic
from .actors import Actors
from .bindings import Bindings
from .configuration import Configurations
from .conversation import Conversations
from .crypto import Crypto
from .health import Health
from .invocation import Invocation
from .jobs import Jobs
from .lock import Locks
from .metadata import Metadata
from .outbox import Outbox
from .publish import Publishing
from .secrets import Secrets
from .state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """Every building block of one sidecar."""

    state: State
    publishing: Publishing
    bindings: Bindings
    invocation: Invocation
    secrets: Secrets
    conversation: Conversations
    crypto: Crypto
    metadata: Metadata
    health: Health
    lock: Locks
    actors: Actors
    jobs: Jobs
    configuration: Configurations


def _none() -> Sequence[Subscription]:
    return ()


def build(
    catalog: Catalog,
    config: RuntimeConfig,
    *,
    configuration: Configuration | None = None,
    subscriptions: Callable[[], Sequence[Subscription]] = _none,
    channel: AppChannel | None = None,
    traffic: MessageTraffic | None = None,
    invocation: Invocation | None = None,
) -> Blocks:
    """
    Put the blocks on a catalog.

    ``subscriptions`` tells which there are whenever somebody asks, ``channel`` leads to the application, and
    so does ``invocation``, to those of other sidecars too; ``traffic`` counts what is published.
    """
    configuration = configuration or Configuration()
    actors = Actors(config)
    publishing = Publishing(catalog, config, traffic)
    return Blocks(
        state=State(catalog, config, Outbox(publishing, config)),
        publishing=publishing,
        bindings=Bindings(catalog),
        invocation=invocation or Invocation(config),
        secrets=Secrets(catalog, configuration.secret_scopes),
        conversation=Conversations(catalog),
        crypto=Crypto(catalog),
        metadata=Metadata(catalog, config, configuration, subscriptions, actors),
        health=Health(),
        lock=Locks(catalog, config),
        actors=actors,
        jobs=Jobs(config),
        configuration=Configurations(catalog, channel or NoApp(config)),
    )
