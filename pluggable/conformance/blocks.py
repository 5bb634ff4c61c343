"""The blocks that there are checks for, each with its services and where its checks are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Final

from .._wire import names
from ..remote import (
    RemoteComponent,
    RemoteConfigurationStore,
    RemoteConversation,
    RemoteInputBinding,
    RemoteLockStore,
    RemoteNameResolver,
    RemoteOutputBinding,
    RemotePubSub,
    RemoteSecretStore,
    RemoteStateStore,
    RemoteSubtleCrypto,
)
from .check import Check, checks_of


@dataclass(frozen=True, slots=True)
class Block:
    """A building block: the far end for each of its services, and the modules with its own checks."""

    name: str
    far_ends: dict[str, type[RemoteComponent]]
    modules: tuple[str, ...]

    def checks(self) -> Iterator[Check]:
        """Yield the checks, those that hold for all blocks first."""
        for module in ("common", *self.modules):
            for check in checks_of(vars(import_module(f".checks.{module}", __package__))):
                yield replace(check, block=self.name) if module == "common" else check


#: By the names that component types begin with.
BLOCKS: Final = (
    Block(
        "state",
        {names.STATE_STORE: RemoteStateStore},
        ("state", "promises", "bulk", "etags", "expiry", "transactions", "keyspace"),
    ),
    Block("configuration", {names.CONFIGURATION_STORE: RemoteConfigurationStore}, ("configuration",)),
    Block("lock", {names.LOCK_STORE: RemoteLockStore}, ("lock",)),
    Block("pubsub", {names.PUBSUB: RemotePubSub}, ("pubsub",)),
    Block(
        "bindings",
        {names.INPUT_BINDING: RemoteInputBinding, names.OUTPUT_BINDING: RemoteOutputBinding},
        ("bindings",),
    ),
    Block("secretstores", {names.SECRET_STORE: RemoteSecretStore}, ("secretstores",)),
    Block("crypto", {names.SUBTLE_CRYPTO: RemoteSubtleCrypto}, ("crypto", "cryptokeys")),
    Block("nameresolution", {names.NAME_RESOLVER: RemoteNameResolver}, ("nameresolution",)),
    Block("conversation", {names.CONVERSATION: RemoteConversation}, ("conversation",)),
)
