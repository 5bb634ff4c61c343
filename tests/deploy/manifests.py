"""What deploy/ describes, as Python reads it, and what a test must change so that two runs do not meet."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
#: A mapping, as YAML gives it.
Node = dict[str, Any]

PODS: Final = ("sidecar", "daprd", "daprd-in-order")


def documents(name: str) -> list[Node]:
    """Return the documents of a file in ``deploy/kubernetes``."""
    return list(yaml.safe_load_all((DEPLOY / "kubernetes" / f"{name}.yaml").read_text()))


def of_kind(found: list[Node], kind: str) -> Node:
    """Return the one document of the kind."""
    (document,) = (each for each in found if each["kind"] == kind)
    return document


def pod(found: list[Node]) -> Node:
    """Return the pod that the Deployment makes, as metadata and spec."""
    template: Node = of_kind(found, "Deployment")["spec"]["template"]
    return template


def containers(found: list[Node]) -> dict[str, Node]:
    """Return the pod's containers by name, those that run before the others first."""
    spec = pod(found)["spec"]
    return {each["name"]: each for each in (*spec.get("initContainers", ()), *spec["containers"])}


def variables(container: Node) -> dict[str, str]:
    """Return what the container's environment is told."""
    return {each["name"]: each["value"] for each in container.get("env", ())}


def mounts(container: Node) -> dict[str, str]:
    """Return the names of the container's volumes by the folders where they are."""
    return {each["mountPath"]: each["name"] for each in container.get("volumeMounts", ())}


def probes(container: Node) -> Iterator[Node]:
    """Yield the container's probes."""
    for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
        if kind in container:
            yield container[kind]


def telling(found: list[Node], container: str, **told: str) -> list[Node]:
    """Return the documents with variables for one container."""
    changed = copy.deepcopy(found)
    containers(changed)[container].setdefault("env", []).extend(
        {"name": name, "value": value} for name, value in told.items()
    )
    return changed


def apart(found: list[Node], suffix: str) -> list[Node]:
    """Return the documents with names of their own, for podman's volumes and ConfigMaps are the machine's."""
    changed = copy.deepcopy(found)
    for document in changed:
        document["metadata"]["name"] += suffix
    for volume in pod(changed)["spec"]["volumes"]:
        volume["name"] += suffix
        if "configMap" in volume:
            volume["configMap"]["name"] += suffix
    for container in containers(changed).values():
        for mount in container.get("volumeMounts", ()):
            mount["name"] += suffix
    return changed
