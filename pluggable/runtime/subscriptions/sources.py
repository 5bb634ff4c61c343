"""Which subscriptions there are: what YAML declares, what the application asks for, and who wins."""

from __future__ import annotations

from collections.abc import Iterable

from ..resources import Changes, Subscription


class Sources:
    """
    Subscriptions from both sources, in the order in which daprd's metadata API lists them.

    For one topic of one broker there is one: among declared ones the first, then what the application asks
    for, the last of that. It takes the place of the one it supersedes. Source: dapr/dapr
    ``pkg/runtime/compstore/subscriptions.go``.
    """

    def __init__(self) -> None:
        self._declared: list[Subscription] = []
        self._programmatic: tuple[Subscription, ...] = ()

    def apply(self, changes: Changes) -> None:
        """
        Declare, change and take back what YAML says. Some may share a name; then order counts.

        What is changed is as new as what is added: it stands behind all that was there.
        """
        for gone in changes.removed.subscriptions:
            self._declared.remove(gone)
        for new in changes.changed.subscriptions:
            known = [at for at, old in enumerate(self._declared) if old.name == new.name]
            if known:
                del self._declared[_most_alike(self._declared, known, new)]
            self._declared.append(new)
        self._declared.extend(changes.added.subscriptions)

    def ask_for(self, subscriptions: Iterable[Subscription]) -> None:
        """Replace what the application asked for."""
        self._programmatic = tuple(subscriptions)

    def effective(self) -> list[Subscription]:
        """Return the one subscription of each topic."""
        found: dict[tuple[str, str], Subscription] = {}
        for declared in self._declared:
            found.setdefault((declared.pubsub, declared.topic), declared)
        for asked in self._programmatic:
            found[asked.pubsub, asked.topic] = asked  # a key that is there keeps its place
        return list(found.values())


def _most_alike(declared: list[Subscription], known: list[int], new: Subscription) -> int:
    """Of several of one name, the changed one is that of the same topic, else the first."""
    same = (at for at in known if (declared[at].pubsub, declared[at].topic) == (new.pubsub, new.topic))
    return next(same, known[0])
