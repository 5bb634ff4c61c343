"""What a component is told to its users: a summary, contrib's ``metadata.yaml``, a manifest, a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from . import contrib, manifest, markdown, plain
from .description import Description as Description, describe as describe

#: How a description is printed, by the word for it on the command line.
FORMATS: Final[dict[str, Callable[[Description], str]]] = {
    "text": plain.text,
    "metadata": contrib.text,
    "component": manifest.text,
    "markdown": markdown.text,
}
#: What stands between the descriptions of several components.
SEPARATORS: Final = {"metadata": "---\n", "component": "---\n"}
