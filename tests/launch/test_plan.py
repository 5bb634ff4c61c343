"""What a sidecar and an application are started with."""

from __future__ import annotations

from pathlib import Path

import pytest

from pluggable.launch import App
from pluggable.launch.plan import (
    EMBEDDED_RESOURCES,
    Ports,
    api_host,
    app_environment,
    choose_ports,
    sidecar_arguments,
)
from tests.e2e.sidecars import free_ports

PORTS = Ports(http=3500, grpc=50001, metrics=9090)


def test_free_ports_do_not_repeat() -> None:
    apps = [App(app_id=f"app-{number}") for number in range(20)]

    ports = [each for chosen in choose_ports(apps) for each in (chosen.http, chosen.grpc, chosen.metrics)]

    assert len(set(ports)) == 60
    assert all(ports)


def test_named_ports_are_kept() -> None:
    http, grpc, metrics = free_ports(3)
    app = App(app_id="a", http_port=http, grpc_port=grpc, metrics_port=metrics)

    assert choose_ports([app]) == [Ports(http=http, grpc=grpc, metrics=metrics)]


def test_flags_say_what_was_asked_for(tmp_path: Path) -> None:
    app = App(
        app_id="a",
        app_port=8080,
        app_protocol="h2c",
        resources_paths=(Path("one"), Path("two")),
        config_paths=(Path("config.yaml"),),
        flags=("--log-level=warn",),
    )

    assert sidecar_arguments(app, PORTS, tmp_path) == [
        "--app-id=a",
        "--dapr-http-port=3500",
        "--dapr-grpc-port=50001",
        "--metrics-port=9090",
        "--app-protocol=h2c",
        "--app-port=8080",
        "--resources-path=one",
        "--resources-path=two",
        "--config=config.yaml",
        "--log-level=warn",
    ]


def test_initialised_home_is_used(tmp_path: Path) -> None:
    (tmp_path / ".dapr" / "components").mkdir(parents=True)
    (tmp_path / ".dapr" / "config.yaml").touch()

    arguments = sidecar_arguments(App(app_id="a"), PORTS, tmp_path)

    assert f"--resources-path={tmp_path}/.dapr/components" in arguments
    assert f"--config={tmp_path}/.dapr/config.yaml" in arguments


def test_embedded_defaults_need_no_home(tmp_path: Path) -> None:
    arguments = sidecar_arguments(App(app_id="a"), PORTS, tmp_path)

    assert f"--resources-path={EMBEDDED_RESOURCES}" in arguments
    assert not [word for word in arguments if word.startswith("--config")]
    assert list(EMBEDDED_RESOURCES.glob("*.yaml"))


def test_application_learns_its_sidecar() -> None:
    app = App(app_id="a", app_port=8080, environment={"MINE": "1"})

    assert app_environment(app, PORTS, {"HOME": "/home/me", "DAPR_HTTP_PORT": "1"}) == {
        "APP_CHANNEL_ADDRESS": "127.0.0.1",
        "APP_ID": "a",
        "APP_PORT": "8080",
        "APP_PROTOCOL": "http",
        "DAPR_GRPC_PORT": "50001",
        "DAPR_HTTP_PORT": "3500",
        "DAPR_METRICS_PORT": "9090",
        "HOME": "/home/me",
        "MINE": "1",
        "PYTHONUNBUFFERED": "1",
    }


def test_own_environment_goes_first() -> None:
    app = App(app_id="a", environment={"APP_ID": "other", "PYTHONUNBUFFERED": ""})

    environment = app_environment(app, PORTS, {"PYTHONUNBUFFERED": "x"})

    assert environment["APP_ID"] == "other"
    assert environment["PYTHONUNBUFFERED"] == ""


@pytest.mark.parametrize(
    ("addresses", "host"),
    [
        ("", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("[::1],127.0.0.1", "::1"),
        ("127.0.0.2,::1", "127.0.0.2"),
    ],
)
def test_sidecar_is_asked_where_it_listens(addresses: str, host: str) -> None:
    flags = ("--dapr-listen-addresses=10.0.0.1", f"--dapr-listen-addresses={addresses}")

    assert api_host(App(app_id="a", flags=flags)) == host
