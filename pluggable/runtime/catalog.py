"""The components that are ready now, by block and name: what the building blocks look things up in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from .. import bindings, component, pubsub, secretstores, state
from . import resources

C = TypeVar("C", bound=component.Component, covariant=True)


@dataclass(frozen=True, slots=True)
class Loaded(Generic[C]):
    """A component that answered its Init."""

    spec: resources.Component
    component: C
    properties: Mapping[str, str] = field(repr=False)
    """Its metadata with secrets and templates resolved."""


class Catalog:
    """
    What is loaded. Filled by ``components``, read by the blocks, watched by the subscriptions.

    A component that is served again after a restart is the same object here; one whose YAML changed is another.
    """

    def __init__(self) -> None:
        self.state: dict[str, Loaded[state.StateStore]] = {}
        self.pubsub: dict[str, Loaded[pubsub.PubSub]] = {}
        self.secretstores: dict[str, Loaded[secretstores.SecretStore]] = {}
        self.inputs: dict[str, Loaded[bindings.InputBinding]] = {}
        self.outputs: dict[str, Loaded[bindings.OutputBinding]] = {}
        self._watchers: list[Callable[[], None]] = []

    def watch(self, changed: Callable[[], None]) -> None:
        """Call back, on the loop, after each change."""
        self._watchers.append(changed)

    def notify(self) -> None:
        """Tell the watchers; called by who changed something, once all of it is in place."""
        for changed in self._watchers:
            changed()

    def all(self) -> list[Loaded[component.Component]]:
        """Every component once, in the order of loading; a binding in both directions counts once."""
        found: dict[str, Loaded[component.Component]] = {}
        for block in (self.secretstores, self.state, self.pubsub, self.outputs, self.inputs):
            for name, loaded in block.items():
                found.setdefault(name, loaded)
        return list(found.values())
