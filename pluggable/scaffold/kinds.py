"""The kinds of components that there are templates for: each a row here and a folder of what is its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of component."""

    block: str
    """What its type begins with."""
    templates: str
    """The folder of its own files, beside those that all have in common."""
    noun: str
    """What its README calls it."""
    here: Mapping[str, str] = field(default_factory=dict)
    """What its Component says under ``spec.metadata`` on the author's machine."""
    deployed: Mapping[str, str] = field(default_factory=dict)
    """The same, in a pod, where ``/data`` is a volume."""
    says: str
    """What the example prints at last."""
    app_port: int = 0
    """Where the example listens; 0: nowhere."""


#: By what an author asks for: a block, and for bindings a direction.
KINDS: Final = {
    "state": Kind(block="state", templates="state", noun="state store", says="kept: hello"),
    "pubsub": Kind(
        block="pubsub", templates="pubsub", noun="pub/sub broker", says="received: an order", app_port=6001
    ),
    "bindings-input": Kind(
        block="bindings",
        templates="bindings-input",
        noun="input binding",
        says="happened: a parcel",
        here={"folder": "files", "interval": "200ms"},
        deployed={"folder": "/data"},
        app_port=6001,
    ),
    "bindings-output": Kind(
        block="bindings",
        templates="bindings-output",
        noun="output binding",
        says="listed: ['parcel.txt']",
        here={"folder": "files"},
        deployed={"folder": "/data"},
    ),
    "bindings": Kind(
        block="bindings",
        templates="bindings",
        noun="binding, input and output,",
        says="happened: a parcel",
        here={"folder": "files", "interval": "200ms"},
        deployed={"folder": "/data"},
        app_port=6001,
    ),
    "secretstores": Kind(
        block="secretstores",
        templates="secretstores",
        noun="secret store",
        says="secret: hello from a file",
        here={"folder": "examples/secrets"},
        deployed={"folder": "/data"},
    ),
}
