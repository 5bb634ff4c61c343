"""A sidecar that is told to read everything again, by a signal or by what lies among its resources."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.e2e.applications import Application
from tests.e2e.sidecars import READY, Sidecar, component, sidecar

KEPT = b'[{"key": "k", "value": 1}]'


def configuration(path: Path, spec: str) -> Path:
    path.write_text(
        f"apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata: {{name: mine}}\nspec: {spec}\n"
    )
    return path


async def begin_anew(running: Sidecar) -> None:
    """Send a SIGHUP and wait until everything is loaded again."""
    since = len(running.lines)
    running.process.send_signal(signal.SIGHUP)
    await running.said(READY, since=since)


async def test_signal_has_everything_read_again(
    resources: Path, tmp_path: Path, application: Application
) -> None:
    config = configuration(tmp_path / "config.yaml", "{tracing: {samplingRate: '0'}}")
    component(resources, "orders", "state.sqlite", connectionString=str(tmp_path / "orders.db"))
    flags = [f"--config={config}", "--log-level=debug"]
    async with sidecar(resources, app_port=application.port, flags=flags) as running:
        pid, children = running.process.pid, set(running.children())
        await running.said("TraceIDRatioBased{0}")
        assert (await running.call("POST", "/v1.0/state/orders", KEPT)).status == 204
        configuration(
            config,
            "{tracing: {samplingRate: '1'}, logging: {apiLogging: {enabled: true}}, features: "
            "[{name: HotReload, enabled: false}]}",
        )
        application.subscribe("events", "orders")

        await begin_anew(running)

        await running.said("AlwaysOnSampler")
        assert (await running.call("GET", "/v1.0/state/orders/k")).body == b"1"
        await running.said("HTTP API called: GET /v1.0/state/orders/k")
        told = (await running.call("GET", "/v1.0/metadata")).json()
        assert [each["topic"] for each in told["subscriptions"]] == ["orders"]
        assert (running.process.pid, set(running.children())) == (pid, children)

        component(resources, "more", "state.in-memory")
        await begin_anew(running)

        assert set(await running.components()) == {"more", "orders"}


async def test_unreadable_configuration_changes_nothing(resources: Path, tmp_path: Path) -> None:
    config = configuration(tmp_path / "config.yaml", "{}")
    component(resources, "store", "state.in-memory")
    async with sidecar(resources, flags=[f"--config={config}"]) as running:
        assert (await running.call("POST", "/v1.0/state/store", KEPT)).status == 204
        config.write_text("{")
        running.process.send_signal(signal.SIGHUP)

        await running.said("nothing is reloaded: error loading configuration: ", str(config))
        assert (await running.call("GET", "/v1.0/state/store/k")).body == b"1"


@pytest.mark.slow
async def test_configuration_among_the_resources_counts_if_it_is_named(resources: Path) -> None:
    config = configuration(resources / "config.yaml", "{}")
    component(resources, "store", "state.in-memory")
    async with sidecar(resources, flags=[f"--config={config}"]) as running:
        assert (await running.call("POST", "/v1.0/state/store", KEPT)).status == 204
        configuration(resources / "other.yaml", "{tracing: {samplingRate: '1'}}")

        await running.said("Configuration mine was added among the resources", "other.yaml")
        await running.said("what --config says has not changed, so nothing begins anew")
        assert (await running.call("GET", "/v1.0/state/store/k")).body == b"1"

        since = len(running.lines)
        configuration(config, "{tracing: {samplingRate: '1'}}")

        await running.said("Configuration mine was changed among the resources", "config.yaml")
        await running.said(READY, since=since)
        assert (await running.call("GET", "/v1.0/state/store/k")).status == 204


@pytest.mark.slow
async def test_calls_under_way_are_answered_first(resources: Path, application: Application) -> None:
    component(resources, "events", "pubsub.in-memory")
    application.subscribe("events", "orders")
    application.may_answer.clear()
    async with sidecar(resources, app_port=application.port) as running:
        assert (await running.call("POST", "/v1.0/publish/events/orders", b"one")).status == 204
        await application.got(1)
        since = len(running.lines)
        running.process.send_signal(signal.SIGHUP)
        await running.said("everything begins anew")
        application.may_answer.set()
        await running.said(READY, since=since)

        assert application.handled == {"one"}
        assert (await running.call("POST", "/v1.0/publish/events/orders", b"two")).status == 204
        await application.got(2)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
async def test_sidecar_stops_as_ever_after_that(resources: Path, sent: signal.Signals) -> None:
    async with sidecar(resources) as running:
        await begin_anew(running)
        running.process.send_signal(sent)

        assert await running.ended() == 0
