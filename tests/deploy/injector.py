"""
What Dapr's injector makes of an annotated pod, as far as sockets go, with our sidecar in daprd's place.

Facts: dapr/dapr ``pkg/injector/patcher``, ``sidecar_components.go``, ``_container.go`` and ``_volumes.go``.
"""

from __future__ import annotations

import copy
import json
from typing import Final

from tests.deploy.manifests import Node, containers, mounts, of_kind, pod, variables

FOLDER: Final = "/tmp/dapr-components-sockets"
VOLUME: Final = "dapr-components-unix-domain-socket"
#: What the injector sets, and what daprd reads.
SET: Final = "DAPR_COMPONENT_SOCKETS_FOLDER"
READ: Final = "DAPR_COMPONENTS_SOCKETS_FOLDER"
DAPRD_USER: Final = 65532


def injected(found: list[Node], image: str) -> list[Node]:
    """Return a ConfigMap of the Components, and the Deployment with a sidecar of the image in it."""
    changed = copy.deepcopy(found)
    template = pod(changed)
    notes, spec = template["metadata"]["annotations"], template["spec"]
    sidecar = _daprd(notes["dapr.io/app-id"], image)
    folder = notes.get("dapr.io/pluggable-components-sockets-folder", FOLDER)
    if named := notes.get("dapr.io/pluggable-components"):
        spec["volumes"].append({"name": VOLUME, "emptyDir": {}})
        for each in (sidecar, *(containers(changed)[name] for name in named.split(","))):
            _share(each, folder)
    for mount in filter(None, notes.get("dapr.io/volume-mounts-rw", "").split(",")):
        volume, _, path = mount.partition(":")
        sidecar.setdefault("volumeMounts", []).append({"name": volume, "mountPath": path})
    if SET not in variables(sidecar):  # daprd looks here untold; ours then asks who owns the folder
        sidecar["env"] = [{"name": READ, "value": FOLDER}]
    resources = {"name": "resources", "configMap": {"name": "resources"}}
    spec["volumes"].append(resources)
    sidecar["volumeMounts"].append({"name": "resources", "mountPath": "/resources"})
    # Podman knows no native sidecars; that they begin in order is the kubelet's promise.
    spec["containers"] = [
        {name: value for name, value in each.items() if name != "restartPolicy"}
        for each in (*spec.pop("initContainers", ()), *spec["containers"])
    ]
    spec["containers"].append(sidecar)
    return [_resources(changed), of_kind(changed, "Deployment")]


def _daprd(app_id: str, image: str) -> Node:
    """The sidecar as the injector makes it, with the flags that matter here."""
    return {
        "name": "daprd",
        "image": image,
        "args": [f"--app-id={app_id}", "--resources-path=/resources", "--components-wait=20s"],
        "securityContext": {
            "runAsUser": DAPRD_USER,
            "runAsNonRoot": True,
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
    }


def _share(container: Node, folder: str) -> None:
    """Mount the volume of the sockets and name its folder, unless the container did."""
    if SET not in variables(container):
        container.setdefault("env", []).append({"name": SET, "value": folder})
    if folder not in mounts(container):
        container.setdefault("volumeMounts", []).append({"name": VOLUME, "mountPath": folder})


def _resources(found: list[Node]) -> Node:
    components = [each for each in found if each["kind"] == "Component"]
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "resources"},
        "data": {f"{each['metadata']['name']}.yaml": json.dumps(each) for each in components},
    }
