"""Components for who has no YAML of his own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path


def write_component(folder: Path, name: str, type_: str, properties: Mapping[str, str] | None = None) -> Path:
    """Write a Component into the folder and return its file."""
    found = {
        "apiVersion": "dapr.io/v1alpha1",
        "kind": "Component",
        "metadata": {"name": name},
        "spec": {
            "type": type_,
            "version": "v1",
            "metadata": [{"name": key, "value": value} for key, value in (properties or {}).items()],
        },
    }
    path = folder / f"{name}.yaml"
    path.write_text(json.dumps(found, indent=2) + "\n")  # JSON is YAML
    return path
