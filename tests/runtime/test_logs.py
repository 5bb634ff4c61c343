from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pluggable._records import CHATTERERS
from pluggable.runtime.config import RuntimeConfig
from pluggable.runtime.logs import quoted, setup

logger = logging.getLogger("pluggable.runtime.somewhere")


@pytest.fixture(autouse=True)
def root() -> Iterator[logging.Logger]:
    """Put the root logger back as it was."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield root
    for handler in set(root.handlers) - set(handlers):
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    for name in CHATTERERS:
        logging.getLogger(name).setLevel(logging.NOTSET)


def test_line_is_like_daprds(capsys: pytest.CaptureFixture[str]) -> None:
    setup(RuntimeConfig(app_id="shop"), version="1.2.3")

    logger.info('a "quoted" word\nand a line')

    assert re.fullmatch(
        r'time="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d" level=info '
        r'msg="a \\"quoted\\" word\\nand a line" app_id=shop instance=\S+ '
        r"scope=pluggable.runtime.somewhere type=log ver=1.2.3\n",
        capsys.readouterr().out,
    )


def test_json_has_the_same_fields(capsys: pytest.CaptureFixture[str]) -> None:
    setup(RuntimeConfig(app_id="shop", log_as_json=True))

    logger.warning("hällo %s", "there")

    fields = json.loads(capsys.readouterr().out)
    assert list(fields) == ["app_id", "instance", "level", "msg", "scope", "time", "type", "ver"]
    assert (fields["level"], fields["msg"], fields["ver"]) == ("warning", "hällo there", "edge")


@pytest.mark.parametrize(
    ("level", "words"),
    [
        ("debug", ["debug", "info", "warning", "error", "fatal"]),
        ("warn", ["warning", "error", "fatal"]),
        ("fatal", ["fatal"]),
    ],
)
def test_level_cuts_off(capsys: pytest.CaptureFixture[str], level: str, words: list[str]) -> None:
    setup(RuntimeConfig(app_id="shop", log_level=level))

    for write in (logger.debug, logger.info, logger.warning, logger.error, logger.critical):
        write("x")

    assert re.findall(r"level=(\w+)", capsys.readouterr().out) == words


def test_libraries_do_not_chatter(capsys: pytest.CaptureFixture[str]) -> None:
    setup(RuntimeConfig(app_id="shop", log_level="debug"))

    for name in ("asyncio", "grpc._cython.cygrpc"):
        logging.getLogger(name).debug("about a loop")
        logging.getLogger(name).warning("about a fault")

    out = capsys.readouterr().out
    assert "about a loop" not in out
    assert out.count("about a fault") == 2


def test_traceback_stays_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    setup(RuntimeConfig(app_id="shop"))

    try:
        dict[str, str]()["no"]
    except KeyError:
        logger.exception("failed")

    (line,) = capsys.readouterr().out.splitlines()
    assert r"failed\nTraceback" in line
    assert "KeyError: 'no'\" app_id=" in line


def test_line_of_a_component_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    fields = {"component": "state.redis", "component_instance": "orders", "method": "Set"}
    setup(RuntimeConfig(app_id="shop"))
    logger.info("stored", extra=fields)
    setup(RuntimeConfig(app_id="shop", log_as_json=True))
    logger.info("stored", extra=fields)

    text, json_ = capsys.readouterr().out.splitlines()
    assert r'msg="state.redis \"orders\" Set: stored"' in text
    said = json.loads(json_)
    assert said["msg"] == "stored"
    assert {name: said[name] for name in fields} == fields


def test_second_setup_replaces_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    setup(RuntimeConfig(app_id="one"))
    setup(RuntimeConfig(app_id="two"))

    logger.info("x")

    (line,) = capsys.readouterr().out.splitlines()
    assert "msg=x app_id=two" in line


def test_file_takes_the_logs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    setup(RuntimeConfig(app_id="shop", log_file=tmp_path / "log"))

    logger.info("x")

    assert "msg=x" in (tmp_path / "log").read_text()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("", ""),
        ("a/b@c^1+2-3._", "a/b@c^1+2-3._"),
        ("a b", '"a b"'),
        ("ü", '"ü"'),
        ("\x1b[0m\\", '"\\x1b[0m\\\\"'),
    ],
)
def test_values_are_quoted_as_needed(text: str, written: str) -> None:
    assert quoted(text) == written
