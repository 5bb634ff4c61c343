"""The manifests say what Kubernetes, Dapr's injector, daprd and our own sidecar need to read."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from importlib.metadata import entry_points
from pathlib import PurePosixPath
from typing import Any

import pytest
import yaml

from pluggable.cli.probe import options
from pluggable.cli.serve import load
from pluggable.component import ENTRY_POINT_GROUP
from pluggable.runtime.flags import parse
from pluggable.sockets import FOLDER_VARIABLES
from tests.deploy.injector import FOLDER, READ, SET, VOLUME
from tests.deploy.manifests import (
    DEPLOY,
    PODS,
    Node,
    containers,
    documents,
    mounts,
    of_kind,
    pod,
    probes,
    variables,
)

BESIDE_DAPRD = ("daprd", "daprd-in-order")
#: What Dapr knows of these annotations (``pkg/injector/annotations/annotations.go``).
ANNOTATIONS = {
    "dapr.io/enabled",
    "dapr.io/app-id",
    "dapr.io/pluggable-components",
    "dapr.io/pluggable-components-sockets-folder",
    "dapr.io/enable-native-sidecar",
    "dapr.io/volume-mounts-rw",
    "dapr.io/env",
}


def component(name: str) -> Node:
    """Return the Component of a manifest, be it a document of its own or in a ConfigMap."""
    found = documents(name)
    if any(each["kind"] == "Component" for each in found):
        return of_kind(found, "Component")
    (text,) = of_kind(found, "ConfigMap")["data"].values()
    component: Node = yaml.safe_load(text)
    return component


def notes_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = pod(documents(name))["metadata"]["annotations"]
    return found


def test_every_manifest_is_tested() -> None:
    assert {path.stem for path in (DEPLOY / "kubernetes").iterdir()} == set(PODS)


@pytest.mark.parametrize("name", PODS)
def test_nothing_more_is_allowed_than_needed(name: str) -> None:
    found = documents(name)

    assert pod(found)["spec"]["securityContext"]["runAsNonRoot"] is True
    assert pod(found)["spec"]["automountServiceAccountToken"] is False
    for container in containers(found).values():
        assert container["securityContext"] == {
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        }


@pytest.mark.parametrize("name", PODS)
def test_labels_and_volumes_are_there(name: str) -> None:
    found = documents(name)
    deployment, template = of_kind(found, "Deployment"), pod(found)

    assert template["metadata"]["labels"] == deployment["spec"]["selector"]["matchLabels"]
    volumes = [volume["name"] for volume in template["spec"]["volumes"]]
    assert volumes, "the injector makes an invalid pod of one without any volume"
    for container in containers(found).values():
        assert set(mounts(container).values()) <= set(volumes)


@pytest.mark.parametrize("name", PODS)
def test_type_is_served_and_shadows_nothing(name: str) -> None:
    type_ = component(name)["spec"]["type"]
    words = containers(documents(name))["orders-db"]["args"]

    block, _, served = type_.partition(".")
    (cls,) = load(words)[served]
    assert (block, cls.__name__) == ("state", "SQLiteStateStore")
    assert type_ not in {point.name for point in entry_points(group=ENTRY_POINT_GROUP)}


@pytest.mark.parametrize("name", PODS)
def test_database_is_in_a_volume(name: str) -> None:
    (item,) = component(name)["spec"]["metadata"]
    folder = str(PurePosixPath(item["value"]).parent)

    assert item["name"] == "connectionString"
    assert mounts(containers(documents(name))["orders-db"])[folder] == "data"


@pytest.mark.parametrize("name", PODS)
def test_probes_ask_the_socket_that_is_served(name: str) -> None:
    container = containers(documents(name))["orders-db"]
    folder = variables(container).get(READ, FOLDER)
    served = component(name)["spec"]["type"].partition(".")[2]

    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= container.keys()
    for probe in probes(container):
        program, command, *words = probe["exec"]["command"]
        assert (program, command) == ("pluggable", "probe")
        parser = ArgumentParser()
        options(parser)
        asked = parser.parse_args(words)
        assert asked.socket == f"{folder}/{served}.sock"
        assert asked.timeout < probe["timeoutSeconds"], "or its sentence is never seen"


@pytest.mark.parametrize("name", PODS)
def test_component_outlives_its_sidecar(name: str) -> None:
    seconds = pod(documents(name))["spec"]["terminationGracePeriodSeconds"]

    assert seconds > 30, "so long it goes on serving who is connected"


def test_both_ends_share_one_folder() -> None:
    found = containers(documents("sidecar"))
    for name in ("sidecar", "orders-db"):
        folder = variables(found[name])[READ]
        assert mounts(found[name])[folder] == "sockets"
    assert mounts(found["sidecar"])["/tmp"] == "tmp", "children have their sockets there"
    assert "/sockets" not in mounts(found["app"])


def test_sidecar_is_told_what_it_knows() -> None:
    container = containers(documents("sidecar"))["sidecar"]
    config = parse(container["args"], variables(container))

    assert [str(path) for path in config.resources_paths] == ["/resources"]
    assert mounts(container)["/resources"] == "resources"
    assert not config.unused_flags
    assert config.public_listen_address == "0.0.0.0", "the kubelet does not come from the pod"
    assert config.listen_addresses == ("127.0.0.1",), "and nobody else calls the API"
    for probe in probes(container):
        assert probe["httpGet"]["port"] == config.public_port


@pytest.mark.parametrize("name", BESIDE_DAPRD)
def test_annotations_are_those_that_dapr_reads(name: str) -> None:
    notes = notes_of(name)

    assert set(notes) <= ANNOTATIONS
    assert all(isinstance(value, str) for value in notes.values()), "Kubernetes takes texts alone"
    assert notes["dapr.io/enabled"] == "true"
    assert component(name)["scopes"] == [notes["dapr.io/app-id"]]


def test_injector_finds_the_container() -> None:
    found, notes = documents("daprd"), notes_of("daprd")
    spec = pod(found)["spec"]
    named = notes["dapr.io/pluggable-components"]

    assert re.fullmatch(r"[a-z0-9-]+(,[a-z0-9-]+)*", named), "the injector cuts at commas and trims nothing"
    assert set(named.split(",")) <= {each["name"] for each in spec["containers"]}, "it skips initContainers"
    assert VOLUME not in {volume["name"] for volume in spec["volumes"]}
    container = containers(found)["orders-db"]
    assert FOLDER not in mounts(container)
    # What the injector sets is read: nothing that is read before it is set.
    assert not set(FOLDER_VARIABLES[: FOLDER_VARIABLES.index(SET) + 1]) & variables(container).keys()


def test_folder_of_the_injector_is_daprds() -> None:
    for name in BESIDE_DAPRD:
        notes = notes_of(name)
        chosen = notes.get("dapr.io/pluggable-components-sockets-folder", FOLDER)

        # The injector tells daprd by a variable that daprd does not read; another folder needs this as well.
        assert chosen == FOLDER or f"{READ}={chosen}" in notes["dapr.io/env"]


def test_component_in_order_is_there_first() -> None:
    found, notes = documents("daprd-in-order"), notes_of("daprd-in-order")
    (before,) = pod(found)["spec"]["initContainers"]

    assert before["restartPolicy"] == "Always", "or the pod waits for its end"
    assert before["startupProbe"]["exec"], "what holds back daprd"
    assert "dapr.io/pluggable-components" not in notes, "the injector would look for a container"
    volume, _, folder = notes["dapr.io/volume-mounts-rw"].partition(":")
    assert volume in {each["name"] for each in pod(found)["spec"]["volumes"]}
    assert mounts(before)[folder] == volume
    assert folder == FOLDER, "where daprd looks"
    assert variables(before)[READ] == folder, "or its user may not use the socket"


def test_configmap_is_what_the_sidecar_mounts() -> None:
    found = documents("sidecar")
    volume = next(each for each in pod(found)["spec"]["volumes"] if each["name"] == "resources")

    assert volume["configMap"]["name"] == of_kind(found, "ConfigMap")["metadata"]["name"]
