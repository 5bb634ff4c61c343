"""The manifests as pods, for real: three users, nothing to write but volumes, one killed after another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.deploy.conftest import Images
from tests.deploy.injector import FOLDER, injected
from tests.deploy.manifests import Node, containers, documents, mounts, probes, telling
from tests.deploy.orders import all_there, failures, going_on, refusal
from tests.deploy.pods import Pod, crash, log, podman, running
from tests.e2e.sidecars import Heard

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("images")]

LONGEST_SECONDS = 90.0
KILLS = 3
#: Folders that may not be looked into are none to write to.
FIND_WRITABLE = "find / -xdev -writable -type d 2>/dev/null || true"


@pytest.fixture(autouse=True)
async def in_time() -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()
    late = loop.call_later(LONGEST_SECONDS, lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
    yield
    late.cancel()


@asynccontextmanager
async def ordering(found: list[Node]) -> AsyncIterator[tuple[Pod, Heard]]:
    """Run the pod with an application in a hurry, until it has read orders back."""
    async with running(telling(found, "app", PAUSE_SECONDS="0.01")) as pod, log(pod.container("app")) as app:
        await app.said("order-10 is read back as 100")
        yield pod, app


async def status(container: str, url: str) -> int:
    """Ask for a URL from inside the container."""
    ask = f"import urllib.request as r; print(r.urlopen({url!r}, timeout=5).status)"
    return int(await podman("exec", container, "python3", "-c", ask))


async def test_no_acknowledged_order_is_lost_when_the_component_is_killed() -> None:
    async with ordering(documents("sidecar")) as (pod, app):
        for _ in range(KILLS):
            await crash(pod.container("orders-db"))
            await going_on(app)

        await all_there(pod.container("app"), app.lines)
        reasons = [refusal(failure) for failure in failures(app.lines[app_began(app) :])]
        assert len(reasons) >= KILLS
        for code, body in reasons:
            assert code == 500
            assert body["errorCode"] in ("ERR_STATE_SAVE", "ERR_STATE_GET")
            assert 'component "orders" at unix:/sockets/orders-db.sock is ' in body["message"]


def app_began(app: Heard) -> int:
    """Return which line was the first to say that an order is stored: until then the application waits."""
    return next(n for n, line in enumerate(app.lines) if line.endswith(" is stored"))


async def test_no_acknowledged_order_is_lost_when_the_sidecar_is_killed() -> None:
    async with ordering(documents("sidecar")) as (pod, app):
        await crash(pod.container("sidecar"))
        await going_on(app)

        await all_there(pod.container("app"), app.lines)
        assert any(failure.startswith("no answer: ") for failure in failures(app.lines))


async def test_no_acknowledged_order_is_lost_when_all_are_killed() -> None:
    async with ordering(documents("sidecar")) as (pod, app):
        await podman("pod", "kill", pod.name)
        await app.ended()
        before = list(app.lines)
        await podman("pod", "start", pod.name)
        async with log(pod.container("app")) as again:
            await again.said("order-1 is stored", since=len(before))

            await all_there(pod.container("app"), before)


async def test_users_differ_and_write_only_to_volumes() -> None:
    found = documents("sidecar")
    async with ordering(found) as (pod, _):
        users = {}
        for name, container in containers(found).items():
            here = pod.container(name)
            users[name] = await podman("exec", here, "id", "-u")
            writable = await podman("exec", here, "sh", "-c", FIND_WRITABLE)
            assert set(writable.split()) == set(mounts(container)) - {"/resources"}
            privileges = await podman("exec", here, "cat", "/proc/1/status")
            assert "CapEff:\t0000000000000000" in privileges
            assert "NoNewPrivs:\t1" in privileges

        assert len(set(users.values())) == 3
        assert "0" not in users.values()
        socket = await podman(
            "exec", pod.container("sidecar"), "stat", "-c", "%F %a %u", "/sockets/orders-db.sock"
        )
        assert socket == f"socket 666 {users['orders-db']}"


async def test_every_probe_is_content() -> None:
    found = documents("sidecar")
    async with ordering(found) as (pod, _):
        asked = 0
        for name, container in containers(found).items():
            for probe in probes(container):
                asked += 1
                if ask := probe.get("exec"):
                    await podman("exec", pod.container(name), *ask["command"])
                else:
                    url = "http://127.0.0.1:{port}{path}".format(**probe["httpGet"])
                    assert await status(pod.container("app"), url) in (200, 204)

        assert asked == 6
        assert await status(pod.container("app"), "http://127.0.0.1:9090/metrics") == 200


async def test_pod_ends_in_time() -> None:
    async with ordering(documents("sidecar")) as (pod, _), log(pod.container("orders-db")) as component:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await podman("pod", "stop", "--time=40", pod.name)

        assert loop.time() - began < 15, "nobody waits for a kill"
        await component.said("stopping; who is connected is served")


@pytest.mark.parametrize("name", ["daprd", "daprd-in-order"])
async def test_component_is_found_where_the_injector_puts_it(name: str, images: Images) -> None:
    async with ordering(injected(documents(name), images.sidecar)) as (pod, app):
        socket = f"{FOLDER}/orders-db.sock"
        about = await podman("exec", pod.container("daprd"), "stat", "-c", "%F %a %u", socket)
        assert about == "socket 666 65533"
        assert await podman("exec", pod.container("daprd"), "id", "-u") == "65532"
        assert await podman("exec", pod.container("daprd"), "ls", "-A", FOLDER) == "orders-db.sock"

        await crash(pod.container("orders-db"))
        await going_on(app)
        await all_there(pod.container("app"), app.lines)
