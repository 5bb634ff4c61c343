"""What is written, and that it is refused where it would be in the way. That it works, see test_works."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from pluggable.runtime.resources.manifests import load_resources
from pluggable.scaffold import KINDS, ScaffoldError
from tests.cli.test_main import run
from tests.scaffold.projects import made


def pods(project: Path, file: str) -> dict[str, Any]:
    """Return the spec of a manifest's pod."""
    documents = yaml.safe_load_all((project / "deploy" / file).read_text())
    spec: dict[str, Any] = next(each for each in documents if each["kind"] == "Pod")["spec"]
    return spec


@pytest.mark.parametrize("kind", KINDS)
def test_package_announces_its_type(kind: str, tmp_path: Path) -> None:
    project, naming = made(tmp_path, kind)
    about = tomllib.loads((project / "pyproject.toml").read_text())

    assert about["project"]["name"] == "acme.thing"
    assert about["project"]["entry-points"]["pluggable.components"] == {naming.type: "acme_thing:AcmeThing"}
    assert "class AcmeThing(" in (project / "acme_thing" / "component.py").read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_component_is_what_a_sidecar_reads(kind: str, tmp_path: Path) -> None:
    project, naming = made(tmp_path, kind)
    resources = load_resources([project / "resources"], app_id="app")

    assert [(each.name, each.type) for each in resources.components] == [("acme-thing", naming.type)]
    assert {item.name for item in resources.components[0].metadata} == KINDS[kind].here.keys()


@pytest.mark.parametrize("file", ["beside-daprd.yaml", "beside-daprd-in-order.yaml", "beside-pluggable.yaml"])
@pytest.mark.parametrize("kind", KINDS)
def test_component_of_a_pod_is_of_our_type(kind: str, file: str, tmp_path: Path) -> None:
    project, naming = made(tmp_path, kind)
    first = next(yaml.safe_load_all((project / "deploy" / file).read_text()))
    component = yaml.safe_load(first["data"]["component.yaml"]) if first["kind"] == "ConfigMap" else first

    assert (component["kind"], component["spec"]["type"]) == ("Component", naming.type)
    assert {item["name"]: item["value"] for item in component["spec"]["metadata"]} == KINDS[kind].deployed


def test_both_ends_of_a_pod_share_the_folder(tmp_path: Path) -> None:
    project, naming = made(tmp_path, "state")
    spec = pods(project, "beside-pluggable.yaml")
    named = {each["name"]: each for each in spec["containers"]}

    for container in ("sidecar", naming.container):
        assert {"name": "sockets", "mountPath": "/sockets"} in named[container]["volumeMounts"]
        assert {"name": "DAPR_COMPONENTS_SOCKETS_FOLDER", "value": "/sockets"} in named[container]["env"]
    assert named[naming.container]["readinessProbe"]["exec"]["command"][-1] == "/sockets/acme.thing.sock"
    mounted = {mount["name"] for each in spec["containers"] for mount in each.get("volumeMounts", ())}
    assert mounted == {volume["name"] for volume in spec["volumes"]}


def test_daprd_is_told_of_the_container_or_the_volume(tmp_path: Path) -> None:
    project, naming = made(tmp_path, "state")
    simple, ordered = (
        next(
            each
            for each in yaml.safe_load_all((project / "deploy" / file).read_text())
            if each["kind"] == "Pod"
        )
        for file in ("beside-daprd.yaml", "beside-daprd-in-order.yaml")
    )

    containers = [each["name"] for each in simple["spec"]["containers"]]
    assert simple["metadata"]["annotations"]["dapr.io/pluggable-components"] in containers
    volume, _, path = ordered["metadata"]["annotations"]["dapr.io/volume-mounts-rw"].partition(":")
    (native,) = ordered["spec"]["initContainers"]
    assert (native["name"], native["restartPolicy"]) == (naming.container, "Always")
    assert {"name": volume, "mountPath": path} in native["volumeMounts"]
    assert native["startupProbe"]["exec"]["command"][-1] == f"{path}/acme.thing.sock"


@pytest.mark.parametrize("kind", KINDS)
def test_every_word_is_put_in(kind: str, tmp_path: Path) -> None:
    project, _ = made(tmp_path, kind)
    left = [
        f"{path.relative_to(project)}: {line}"
        for path in project.rglob("*")
        if path.is_file()
        for line in path.read_text().splitlines()
        if "$" in line and not line.startswith("$ ") and "${BASE}" not in line
    ]

    assert left == []


def test_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "acme.thing").mkdir()
    with pytest.raises(ScaffoldError, match="is there already; choose another name, or --folder"):
        made(tmp_path, "state")

    assert list((tmp_path / "acme.thing").iterdir()) == []


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ScaffoldError, match=r"file/acme\.thing cannot be made: Not a directory"):
        made(tmp_path / "file", "state")


def test_command_says_what_it_wrote(tmp_path: Path) -> None:
    done = run("main", "new", "bindings", "in-box", "--direction", "input", "--folder", str(tmp_path / "box"))

    assert done.returncode == 0, done.stderr
    assert f"{tmp_path}/box/README.md" in done.stdout.splitlines()
    assert f"bindings.in-box is in {tmp_path}/box/in_box/component.py" in done.stdout
    assert "class InBox(bindings.InputBinding):" in (tmp_path / "box/in_box/component.py").read_text()


@pytest.mark.parametrize(
    ("words", "status", "fault"),
    [
        (["state", "Bad Name"], 1, 'pluggable new: "Bad Name" is no name for a component'),
        (["state", "mine", "--direction", "input"], 1, "--direction is for bindings; leave it out for state"),
        (["drawer", "mine"], 64, "invalid choice: 'drawer'"),
    ],
)
def test_what_cannot_be_made_is_said(words: list[str], status: int, fault: str) -> None:
    done = run("main", "new", *words)

    assert done.returncode == status
    assert fault in done.stderr


@pytest.mark.slow
def test_tests_of_a_project_pass(tmp_path: Path) -> None:
    project, _ = made(tmp_path, "state")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
