"""The components that are ready now, by block and name: what the building blocks look things up in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ... import bindings, component, pubsub, secretstores, state
from .. import resources
from ..resources.declared import Declared

if TYPE_CHECKING:  # what few sidecars use is loaded with the first component of its kind
    from ... import configuration, conversation, crypto, lock
    from ..middleware import Middleware

_SHELVES = {"input": "inputs", "output": "outputs"}

C = TypeVar("C", bound=component.Component, covariant=True)


@dataclass(frozen=True, slots=True)
class Loaded(Generic[C]):
    """A component that answered its Init."""

    spec: resources.Component
    component: C
    properties: Mapping[str, str] = field(repr=False)
    """Its metadata with secrets and templates resolved."""
    bundled: bool = False
    """It came with the sidecar or with a package, and is no stranger on a socket."""


class Catalog:
    """
    What is loaded. Filled by ``components``, read by the blocks, watched by the subscriptions.

    A component that was restarted is the same object here; one whose YAML changed is another.
    """

    def __init__(self) -> None:
        self.state: dict[str, Loaded[state.StateStore]] = {}
        self.pubsub: dict[str, Loaded[pubsub.PubSub]] = {}
        self.secretstores: dict[str, Loaded[secretstores.SecretStore]] = {}
        self.inputs: dict[str, Loaded[bindings.InputBinding]] = {}
        self.outputs: dict[str, Loaded[bindings.OutputBinding]] = {}
        self.configuration: dict[str, Loaded[configuration.ConfigurationStore]] = {}
        self.lock: dict[str, Loaded[lock.LockStore]] = {}
        self.crypto: dict[str, Loaded[crypto.SubtleCrypto]] = {}
        self.conversation: dict[str, Loaded[conversation.Conversation]] = {}
        self.middleware: dict[str, Loaded[Middleware]] = {}
        self.declared: Declared = Declared()
        """What resources of other kinds declare."""
        self._watchers: list[Callable[[], None]] = []

    def watch(self, changed: Callable[[], None]) -> None:
        """Call back, on the loop, after each change."""
        self._watchers.append(changed)

    def notify(self) -> None:
        """Tell the watchers; called by who changed something, once all of it is in place."""
        for changed in self._watchers:
            changed()

    def blocks(self) -> tuple[MutableMapping[str, Any], ...]:
        """What is loaded by name, block by block."""
        return (
            self.secretstores,
            self.state,
            self.pubsub,
            self.outputs,
            self.inputs,
            self.configuration,
            self.lock,
            self.crypto,
            self.conversation,
            self.middleware,
        )

    def shelf(self, kind: str) -> MutableMapping[str, Any]:
        """Return where a kind of component is listed by name: by its block, a binding by its direction."""
        shelf: MutableMapping[str, Any] = getattr(self, _SHELVES.get(kind, kind))
        return shelf

    def all(self) -> list[Loaded[component.Component]]:
        """Every component once, by block and then by name; a binding in both directions counts once."""
        found: dict[str, Loaded[component.Component]] = {}
        for block in self.blocks():
            for name in sorted(block):
                found.setdefault(name, block[name])
        return list(found.values())
