from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from pluggable.runtime.config import RuntimeConfig
from pluggable.runtime.flags import FlagError, parse, usage
from pluggable.runtime.flagtable import FLAGS

#: What daprd's integration tests give every sidecar.
HARNESS = """
--log-level=debug --app-id=a --app-protocol=http --dapr-grpc-port=50002 --dapr-http-port=3501
--dapr-internal-grpc-port=50003 --dapr-public-port=3502 --metrics-port=9091 --profile-port=7778
--dapr-internal-grpc-listen-address=127.0.0.1 --dapr-listen-addresses=127.0.0.1
--dapr-public-listen-address=127.0.0.1 --metrics-listen-address=127.0.0.1 --enable-app-health-check=false
--app-health-probe-interval=0 --app-health-threshold=0 --mode=standalone --enable-mtls=false
--enable-api-logging=true --enable-profiling
"""


def read(*argv: str, environ: dict[str, str] | None = None) -> RuntimeConfig:
    return parse(["--app-id", "shop", *argv], environ or {})


def faults(*argv: str) -> tuple[str, ...]:
    with pytest.raises(FlagError) as raised:
        parse(argv, {})
    return raised.value.faults


def test_defaults_are_the_configs_own() -> None:
    assert read() == RuntimeConfig(app_id="shop")


def test_harness_command_line_is_accepted() -> None:
    config = parse(HARNESS.split(), {})

    assert (config.http_port, config.grpc_port, config.public_port) == (3501, 50002, 3502)
    assert config.app_health_probe_interval_seconds == 5.0
    assert config.app_health_threshold == 3
    assert config.enable_api_logging
    assert config.unused_flags == ("enable-mtls", "enable-profiling", "profile-port")


@pytest.mark.parametrize(
    "words", [("--app-port=80",), ("-app-port=80",), ("--app-port", "80"), ("-app-port", "80")]
)
def test_each_spelling_is_read(words: tuple[str, ...]) -> None:
    assert read(*words).app_port == 80


def test_switch_alone_is_true() -> None:
    assert read("--log-as-json").log_as_json
    assert not read("--enable-metrics=false").enable_metrics


def test_lists_repeat_and_split() -> None:
    config = read("--resources-path=a,b", "--resources-path", '"c,d"', "--config=x", "--config=y")

    assert config.resources_paths == (Path("a"), Path("b"), Path("c,d"))
    assert config.config_paths == (Path("x"), Path("y"))


def test_components_path_stands_in() -> None:
    assert read("--components-path=old").resources_paths == (Path("old"),)
    assert read("--components-path=old", "--resources-path=new").resources_paths == (Path("new"),)


@pytest.mark.parametrize("blank", ["", '""', "''", " ", ","])
def test_blank_addresses_are_none(blank: str) -> None:
    config = read(f"--scheduler-host-address={blank}", f"--placement-host-address={blank}")

    assert config.scheduler_addresses == config.placement_addresses == ()


def test_sizes_have_old_spellings() -> None:
    assert read("--max-body-size=512Mi").max_body_bytes == 512 << 20
    assert read("--dapr-http-max-request-size=16").max_body_bytes == 16 << 20
    assert read("--max-body-size=1k", "--dapr-http-max-request-size=16").max_body_bytes == 1000
    assert read("--max-body-size=-1").max_body_bytes == 4 << 20
    assert read("--dapr-http-read-buffer-size=64").read_buffer_bytes == 64 << 10


def test_size_of_zero_is_no_limit() -> None:
    assert read("--max-body-size=0").max_body_bytes > 1 << 30
    assert read("--dapr-http-max-request-size=0").max_body_bytes > 1 << 30
    assert read("--read-buffer-size=0").read_buffer_bytes == 1 << 20


def test_durations_are_gos() -> None:
    config = read(
        "--dapr-block-shutdown-duration=3m", "--app-binding-options-timeout=1s", "--components-wait=500ms"
    )

    assert config.block_shutdown_seconds == 180
    assert config.app_binding_options_timeout_seconds == 1
    assert config.components_wait_seconds == 0.5


def test_health_probe_units_differ() -> None:
    config = read("--app-health-probe-interval=2", "--app-health-probe-timeout=250")

    assert config.app_health_probe_interval_seconds == 2
    assert config.app_health_probe_timeout_seconds == 0.25


def test_app_ssl_makes_protocols_secure() -> None:
    assert read("--app-ssl").app_protocol == "https"
    assert read("--app-ssl", "--app-protocol=grpc").app_protocol == "grpcs"


def test_environment_is_read() -> None:
    config = read(environ={"NAMESPACE": "prod", "APP_API_TOKEN": "a", "DAPR_API_TOKEN": "d"})

    assert (config.namespace, config.app_api_token, config.dapr_api_token) == ("prod", "a", "d")


def test_first_sockets_folder_counts() -> None:
    environ = {"DAPR_COMPONENT_SOCKET_FOLDER": "/c", "DAPR_COMPONENTS_SOCKETS_FOLDER": "/a"}

    assert read(environ=environ).sockets_folder == Path("/a")
    assert read("--sockets-folder=/mine", environ=environ).sockets_folder == Path("/mine")


def test_disabled_endpoints_in_any_case() -> None:
    assert read("--disable-init-endpoints=Config, subscribe").disabled_init_endpoints == {
        "config",
        "subscribe",
    }


def test_all_faults_come_together() -> None:
    found = faults("--app-port=eighty", "--app-prt=80", "--dapr-http-port=70000", "stray", "--log-level")

    assert found == (
        '--app-port is "eighty", wanted a port from 0 to 65535',
        "there is no flag --app-prt; did you mean --app-port?",
        '--dapr-http-port is "70000", wanted a port from 0 to 65535',
        (
            'unexpected argument "stray"; every argument is a flag, '
            "and a switch takes its value behind an equals sign, as --enable-metrics=false"
        ),
        "--log-level has no value, wanted one of debug, info, warn, error, fatal",
        "--app-id is missing; give the application's name",
    )


@pytest.mark.parametrize(
    ("argv", "fault"),
    [
        (["--app-id=a.b"], '--app-id is "a.b", wanted a name without dots'),
        (["--app-id=a", "--app-port=3500"], "--dapr-http-port and --app-port are both 3500"),
        (["--app-id=a", "--disable-init-endpoints=conf"], '--disable-init-endpoints has "conf"'),
        (["--app-id=a", "--dapr-block-shutdown-duration=30"], "wanted a duration such as 1m30s"),
        (["--app-id=a", "--max-body-size=big"], "wanted a size such as 4Mi"),
        (["--app-id=a", "--enable-metrics=maybe"], "wanted true or false"),
        (
            ["--app-id=a", "--enable-app-health-check", "--app-health-probe-timeout=9000"],
            "is 9 s, wanted at most",
        ),
    ],
)
def test_fault_says_what_was_wanted(argv: list[str], fault: str) -> None:
    assert fault in "\n".join(faults(*argv))


def test_flags_name_real_settings() -> None:
    settings = {each.name for each in dataclasses.fields(RuntimeConfig)}

    assert {flag.setting for flag in FLAGS.values() if flag.setting} <= settings


def test_usage_lists_flags_acted_on() -> None:
    assert "--app-id" in usage()
    assert "--sentry-address" not in usage()
