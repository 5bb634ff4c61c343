"""How a ``dapr.yaml`` is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from pluggable.launch import App, LaunchError
from pluggable.launch.runfile import read_run_file


def write(folder: Path, text: str) -> Path:
    path = folder / "dapr.yaml"
    path.write_text(text)
    return path


def test_every_field_has_its_place(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "config.yaml").touch()
    path = write(
        tmp_path,
        """
version: 1
apps:
  - appID: shop
    appDirPath: ./shop
    appPort: 8080
    appProtocol: http
    command: [python3, app.py, 5]
    daprHTTPPort: 3510
    daprGRPCPort: 50010
    metricsPort: 9100
    resourcesPath: ./resources
    configFilePath: ./config.yaml
    env: {DEBUG: true, LEVEL: 3}
    logLevel: warn
    enableApiLogging: true
    appHealthThreshold: 5
    appLogDestination: console
""",
    )

    assert read_run_file(path) == [
        App(
            app_id="shop",
            command=("python3", "app.py", "5"),
            directory=tmp_path / "shop",
            environment={"DEBUG": "true", "LEVEL": "3"},
            app_port=8080,
            http_port=3510,
            grpc_port=50010,
            metrics_port=9100,
            resources_paths=(tmp_path / "resources",),
            config_paths=(tmp_path / "config.yaml",),
            flags=("--app-health-threshold=5", "--enable-api-logging=true", "--log-level=warn"),
        )
    ]


def test_folder_stands_for_its_file(tmp_path: Path) -> None:
    write(tmp_path, "apps: [{appDirPath: .}]")

    (app,) = read_run_file(tmp_path)

    assert app.app_id == tmp_path.name
    assert app.directory == tmp_path


def test_common_part_fills_gaps(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
common:
  env: {A: common, B: common}
  logLevel: error
  resourcesPath: shared
apps:
  - {appID: one, appDirPath: ., env: {B: own}}
  - {appID: two, appDirPath: ., logLevel: debug, resourcesPaths: [own, other]}
""",
    )

    one, two = read_run_file(path)

    assert one.environment == {"A": "common", "B": "own"}
    assert one.flags == ("--log-level=error",)
    assert one.resources_paths == (tmp_path / "shared",)
    assert two.flags == ("--log-level=debug",)
    assert two.resources_paths == (tmp_path / "own", tmp_path / "other")


def test_own_folder_goes_before_common_resources(tmp_path: Path) -> None:
    own = tmp_path / "shop" / ".dapr"
    (own / "resources").mkdir(parents=True)
    (own / "config.yaml").touch()
    path = write(tmp_path, "common: {resourcesPath: shared}\napps: [{appDirPath: shop}]")

    (app,) = read_run_file(path)

    assert app.resources_paths == (own / "resources",)
    assert app.config_paths == (own / "config.yaml",)


def test_commas_separate_resources(tmp_path: Path) -> None:
    path = write(tmp_path, "apps: [{appDirPath: ., resourcesPaths: 'one, two'}]")

    assert read_run_file(path)[0].resources_paths == (tmp_path / "one", tmp_path / "two")


def test_missing_configuration_does_not_count(tmp_path: Path) -> None:
    path = write(tmp_path, "apps: [{appDirPath: ., configFilePath: gone.yaml}]")

    assert read_run_file(path)[0].config_paths == ()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("apps: [", "is not YAML"),
        ("app: []", "apps is missing; a list of applications is wanted"),
        ("apps: []", "apps is missing"),
        ("apps: [5]", r"apps\[0\] is 5; a mapping is wanted"),
        ("common: 5\napps: [{appDirPath: .}]", "common is 5; a mapping is wanted"),
        ("apps: [{appID: a}]", r"apps\[0\]: appDirPath is missing"),
        ("apps: [{appDirPath: gone}]", r"apps\[0\]: appDirPath .*/gone is not a folder"),
        ("apps: [{appDirPath: ., comand: [x]}]", r"apps\[0\]: unknown field comand"),
        ("apps: [{appDirPath: ., command: run me}]", "command is 'run me'; a list of words is wanted"),
        ("apps: [{appDirPath: ., appPort: many}]", "appPort is 'many'; a port from 1 to 65535 is wanted"),
        ("apps: [{appDirPath: ., env: [A=1]}]", "env is .*; a mapping is wanted"),
        ("apps: [{appID: a, appDirPath: .}, {appID: a, appDirPath: .}]", "appID a is there twice"),
    ],
)
def test_fault_is_named(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(LaunchError, match=fault) as caught:
        read_run_file(write(tmp_path, text))

    assert str(tmp_path / "dapr.yaml") in str(caught.value)


def test_all_faults_come_together(tmp_path: Path) -> None:
    path = write(tmp_path, "apps: [{appID: a, appPort: -1}, {appDirPath: ., shape: round}]")

    with pytest.raises(LaunchError) as caught:
        read_run_file(path)

    assert str(caught.value).count(str(path)) == 3


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match=r"dapr\.yaml: cannot be read: No such file"):
        read_run_file(tmp_path / "dapr.yaml")
