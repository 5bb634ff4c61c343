"""Which parts of the API a configuration's ``spec.api`` leaves open (dapr: ``pkg/api/*/endpoints``)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

#: Health is asked for by those who cannot be told apart from others, so it is always answered.
ALWAYS: Final = "healthz"
_METHOD: Final = re.compile(r"(?P<name>.+?)(?P<stage>(?:Alpha|Beta)\d+)?")
_VERSION: Final = re.compile(r"v1\.0(?:-(?P<stage>.+))?")
#: Methods whose part does not show in their name, as daprd sorts them; those of actors are found by the word.
_PARTS: Final = {
    "InvokeService": "invoke",
    "QueryState": "state",
    "ExecuteStateTransaction": "state",
    "PublishEvent": "publish",
    "BulkPublishEvent": "publish",
    "SubscribeTopicEvents": "subscribe",
    "InvokeBinding": "bindings",
    "TryLock": "lock",
    "Unlock": "unlock",
    "Encrypt": "crypto",
    "Decrypt": "crypto",
    "Converse": "conversation",
    "Shutdown": "shutdown",
}
#: The other parts by a word of their methods' names; the first that fits counts.
_WORDS: Final = (
    ("Subtle", "subtlecrypto"),
    ("Actor", "actors"),
    ("Workflow", "workflows"),
    ("Configuration", "configuration"),
    ("Metadata", "metadata"),
    ("Secret", "secrets"),
    ("Job", "jobs"),
    ("State", "state"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One part of the API in one version and protocol: ``state``, ``v1``, ``http``."""

    name: str
    version: str
    protocol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What is allowed, and what is denied all the same; with no rule for a protocol all of it is allowed."""

    allowed: tuple[Rule, ...] = ()
    denied: tuple[Rule, ...] = ()

    def http(self, pattern: str) -> bool:
        """Whether a path such as ``/v1.0/state/{store}`` is answered."""
        written, _, rest = pattern.strip("/").partition("/")
        version, name = _VERSION.fullmatch(written), rest.partition("/")[0]
        if version is None or name == ALWAYS:
            return True
        part = f"{_staged(version['stage'])}/{name}"

        def fits(rule: Rule) -> bool:
            key = f"{rule.version}/{rule.name}"  # before there were parts, it was the beginning of the path
            return key == part or f"{written}/{rest}".startswith(key)

        return self._permits("http", fits)

    def grpc(self, method: str) -> bool:
        """Whether a method of Dapr's service, such as ``QueryStateAlpha1``, is answered."""
        match = _METHOD.fullmatch(method)
        name, stage = (match["name"], match["stage"]) if match else (method, None)
        part = _PARTS.get(name) or next((part for word, part in _WORDS if word in name), "")
        version = _staged(stage and stage.lower())
        return self._permits("grpc", lambda rule: (rule.name, rule.version) == (part, version))

    def _permits(self, protocol: str, fits: Callable[[Rule], bool]) -> bool:
        allowed, denied = (
            [rule for rule in rules if rule.protocol.lower() == protocol]
            for rules in (self.allowed, self.denied)
        )
        return not any(map(fits, denied)) and (not allowed or any(map(fits, allowed)))


#: Where nothing is said.
ALL_OPEN: Final = Access()


def _staged(stage: str | None) -> str:
    return f"v1{stage or ''}"
