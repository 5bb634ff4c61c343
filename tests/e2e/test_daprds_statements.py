"""Bindings and settings of one PostgreSQL or MariaDB, asked through a daprd and through ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.backends.mariadb import MariaDB
from tests.backends.postgresql import PostgreSQL, table
from tests.e2e.daprds import daprd, needs_daprd
from tests.e2e.sidecars import Sidecar, sidecar
from tests.servers.statements import recorded

pytestmark = [needs_daprd, pytest.mark.slow]

COMPONENT = """\
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {{name: {name}}}
spec:
  type: {type}
  version: v1
  metadata:
  - {{name: {key}, value: "{text}"}}
  {more}
"""
TYPES = ("bindings.postgresql", "bindings.mysql")


@contextmanager
def two_databases(type_: str) -> Iterator[list[str]]:
    """Connection strings of two empty databases."""
    if type_ == "bindings.mysql":
        with MariaDB.running() as mariadb:
            for name in ("one", "two"):
                mariadb.sql(f"CREATE DATABASE {name}")
            yield [mariadb.dsn("one"), mariadb.dsn("two")]
    else:
        with PostgreSQL.running() as postgresql:
            for name in ("one", "two"):
                postgresql.sql(f"CREATE DATABASE {name}")
            yield [postgresql.url("one"), postgresql.url("two")]


def write(folder: Path, name: str, type_: str, key: str, text: str, more: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    yaml = COMPONENT.format(name=name, type=type_, key=key, text=text, more=more)
    (folder / f"{name}.yaml").write_text(yaml)
    return folder


async def answered(running: Sidecar, step: dict[str, Any]) -> tuple[Any, ...]:
    """What a sidecar answers to a step of the recording: of an error only that it is one."""
    metadata = {"sql": step["sql"]}
    if "params" in step:
        metadata["params"] = json.dumps(step["params"])
    body = json.dumps({"operation": step["operation"], "metadata": metadata}).encode()
    answer = await running.call("POST", "/v1.0/bindings/db", body)
    if answer.status >= 300:
        return ("error",)
    told = {name.lower(): value for name, value in answer.headers.items()}
    names = {name for name in told if name.startswith("metadata")}
    return json.loads(answer.body or b"null"), told.get("metadata.rows-affected"), names


@pytest.mark.parametrize("type_", TYPES)
async def test_both_answer_statements_alike(type_: str, tmp_path: Path) -> None:
    with two_databases(type_) as (one, two):
        theirs_at = write(tmp_path / "theirs", "db", type_, "url", one)
        ours_at = write(tmp_path / "ours", "db", type_, "url", two)
        async with daprd(theirs_at, "app") as theirs, sidecar(ours_at, app_id="app") as ours:
            for step in recorded(type_):
                assert (step, await answered(ours, step)) == (step, await answered(theirs, step))


async def test_both_read_settings_alike(tmp_path: Path) -> None:
    with PostgreSQL.running() as postgresql:
        postgresql.sql(table("config", "changes"))
        postgresql.sql(
            "INSERT INTO config VALUES ('a', '1', '2', NULL), ('a', '2', '10', '{\"x\": \"y\"}'), "
            "('a', '3', 'v99', NULL), ('b', '', '', NULL), ('c', '1', '1.0.0', '{}')"
        )
        more = "- {name: table, value: config}\n  - {name: notifyChannel, value: changes}"
        folder = write(
            tmp_path / "r", "settings", "configuration.postgresql", "connectionString", postgresql.url(), more
        )
        async with daprd(folder, "app") as theirs, sidecar(folder, app_id="app") as ours:
            for query in ("", "?key=a&key=b&key=no", "?key=no"):
                path = f"/v1.0/configuration/settings{query}"
                wanted, found = await theirs.call("GET", path), await ours.call("GET", path)
                assert (found.status, found.body) == (wanted.status, wanted.body.rstrip())
