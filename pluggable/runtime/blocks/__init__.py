"""The building blocks, without a protocol: what the HTTP and the gRPC API both call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..catalog import Catalog
from ..config import RuntimeConfig
from ..resources import Configuration, Subscription
from .bindings import Bindings
from .conversation import Conversations
from .health import Health
from .invocation import Invocation
from .lock import Locks
from .metadata import Metadata
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
    metadata: Metadata
    health: Health
    lock: Locks


def _none() -> Sequence[Subscription]:
    return ()


def build(
    catalog: Catalog,
    config: RuntimeConfig,
    *,
    configuration: Configuration | None = None,
    subscriptions: Callable[[], Sequence[Subscription]] = _none,
    invocation: Invocation | None = None,
) -> Blocks:
    """
    Put the blocks on a catalog; ``subscriptions`` tells which there are whenever somebody asks.

    Without an ``invocation`` there is no application to call.
    """
    configuration = configuration or Configuration()
    return Blocks(
        state=State(catalog, config),
        publishing=Publishing(catalog, config),
        bindings=Bindings(catalog),
        invocation=invocation or Invocation(config),
        secrets=Secrets(catalog, configuration.secret_scopes),
        conversation=Conversations(catalog),
        metadata=Metadata(catalog, config, configuration, subscriptions),
        health=Health(),
        lock=Locks(catalog, config),
    )
