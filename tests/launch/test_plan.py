"""What a sidecar and an application are started with."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from pluggable.launch import App, LaunchError
from pluggable.launch.plan import (
    EMBEDDED_RESOURCES,
    api_host,
    app_environment,
    check_ports,
    sidecar_arguments,
)
from pluggable.launch.ports import Ports

PORTS = Ports(http=3500, grpc=50001, metrics=9090)


def test_taken_port_is_refused_with_its_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        with pytest.raises(LaunchError, match=f"^a: metrics port {port} cannot be used: .*; name another"):
            check_ports([App(app_id="a", metrics_port=port)])

    check_ports([App(app_id="a", metrics_port=port), App(app_id="b")])


def test_port_is_no_two_sidecars() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

    with pytest.raises(LaunchError, match=f"^b: gRPC port {port}"):
        check_ports([App(app_id="a", http_port=port), App(app_id="b", grpc_port=port)])


def test_ports_are_read_as_told() -> None:
    assert Ports.read(b'{"dapr-http-port": 1, "dapr-grpc-port": 2, "metrics-port": 3}') == Ports(1, 2, 3)
    assert Ports.read(b'{"dapr-http-port": 1, "dapr-grpc-port": 2}') == Ports(1, 2, 0)


def test_flags_say_what_was_asked_for(tmp_path: Path) -> None:
    app = App(
        app_id="a",
        app_port=8080,
        app_protocol="h2c",
        http_port=3500,
        resources_paths=(Path("one"), Path("two")),
        config_paths=(Path("config.yaml"),),
        flags=("--log-level=warn",),
    )

    assert sidecar_arguments(app, tmp_path) == [
        "--app-id=a",
        "--dapr-http-port=3500",
        "--dapr-grpc-port=0",
        "--metrics-port=0",
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

    arguments = sidecar_arguments(App(app_id="a"), tmp_path)

    assert f"--resources-path={tmp_path}/.dapr/components" in arguments
    assert f"--config={tmp_path}/.dapr/config.yaml" in arguments


def test_embedded_defaults_need_no_home(tmp_path: Path) -> None:
    arguments = sidecar_arguments(App(app_id="a"), tmp_path)

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
