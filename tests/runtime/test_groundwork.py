from __future__ import annotations

import pytest

from pluggable.runtime.config import RuntimeConfig
from pluggable.runtime.groundwork import completed
from pluggable.runtime.resources import Configuration


@pytest.mark.parametrize(
    ("flag", "written", "logged"), [(None, True, True), (None, False, False), (False, True, False)]
)
def test_flag_goes_before_the_configuration(flag: bool | None, written: bool, logged: bool) -> None:
    config = completed(
        RuntimeConfig(app_id="app", enable_api_logging=flag), Configuration(api_logging=written)
    )

    assert config.enable_api_logging is logged


def test_either_may_turn_metrics_off() -> None:
    config = RuntimeConfig(app_id="app")

    assert completed(config, Configuration()).enable_metrics
    assert not completed(config, Configuration(metrics=False)).enable_metrics
