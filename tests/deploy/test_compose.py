"""The compose file: the same containers as the pod's, and running for real under podman-compose."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
import yaml

from pluggable.runtime.flags import parse
from tests.deploy.conftest import Images
from tests.deploy.manifests import DEPLOY, Node, containers, documents, mounts, of_kind, variables
from tests.deploy.orders import all_there, going_on
from tests.deploy.pods import ENVIRONMENT, crash, log, podman, tried
from tests.programs import needed

FILE: Final = DEPLOY / "compose" / "compose.yaml"
SERVICES: Final[dict[str, Node]] = yaml.safe_load(FILE.read_text())["services"]
#: The sidecar's API, where the application is in another container.
ENDPOINT: Final = "http://sidecar:3500"
COMPOSE_SECONDS: Final = 60.0
#: By what containers are found: it is of a project, and of a service there.
LABEL: Final = "label=com.docker.compose"
#: Orders follow each other sooner. And while a service is away podman asks the machine's name servers for it,
#: which may be none; not so in a network that leads nowhere else.
HURRY: Final = """
services: {app: {environment: {PAUSE_SECONDS: "0.01"}}}
networks: {default: {internal: true}}
"""
#: What a pod needs for the kubelet and for its own loopback; and what services in a network of theirs need.
POD_ONLY: Final = ("--dapr-public-", "--metrics-listen-address=")
COMPOSE_ONLY: Final = ("--dapr-listen-addresses=",)


def test_services_are_the_pods_containers() -> None:
    found = containers(documents("sidecar"))

    assert SERVICES.keys() == found.keys()
    for name, service in SERVICES.items():
        container = found[name]
        assert service["image"] == container["image"]
        words = [word for word in service.get("command", ()) if not word.startswith(COMPOSE_ONLY)]
        assert words == [word for word in container.get("args", ()) if not word.startswith(POD_ONLY)]
        folder = variables(container).get("DAPR_COMPONENTS_SOCKETS_FOLDER")
        assert service.get("environment", {}).get("DAPR_COMPONENTS_SOCKETS_FOLDER") == folder
        if "healthcheck" in service:
            assert service["healthcheck"]["test"] == ["CMD", *container["readinessProbe"]["exec"]["command"]]
        shared = {volume.split(":")[1] for volume in service.get("volumes", ())}
        assert shared | set(service.get("tmpfs", ())) == set(mounts(container))


def test_nothing_more_is_allowed_than_needed() -> None:
    for service in SERVICES.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["restart"] == "always"


def test_resources_are_the_pods() -> None:
    (text,) = of_kind(documents("sidecar"), "ConfigMap")["data"].values()

    assert yaml.safe_load((DEPLOY / "compose" / "resources" / "orders.yaml").read_text()) == yaml.safe_load(
        text
    )


def test_images_are_built_from_what_is_there() -> None:
    for service in SERVICES.values():
        build = service["build"]
        context = (FILE.parent / build["context"]).resolve()
        assert (context / "pyproject.toml").exists()
        text = (context / build["dockerfile"]).read_text()
        assert f" AS {build.get('target', '')}" in text or "target" not in build
        assert all(f"ARG {name}" in text for name in build.get("args", {}))


def test_services_reach_the_sidecar() -> None:
    config = parse(SERVICES["sidecar"]["command"], SERVICES["sidecar"]["environment"])

    assert SERVICES["app"]["environment"]["DAPR_HTTP_ENDPOINT"] == ENDPOINT
    assert config.listen_addresses == ("0.0.0.0",)
    assert f":{config.http_port}" in ENDPOINT


@pytest.mark.slow
async def test_no_acknowledged_order_is_lost_under_compose(images: Images, tmp_path: Path) -> None:
    assert images
    hurry = tmp_path / "hurry.yaml"
    hurry.write_text(HURRY)
    async with up(hurry) as project:
        app = await service(project, "app")
        async with log(app) as lines:
            await lines.said("order-10 is read back as 100", seconds=COMPOSE_SECONDS)
            await crash(await service(project, "orders-db"))
            await going_on(lines)
            await crash(await service(project, "sidecar"))
            await going_on(lines)

            await all_there(app, lines.lines, ENDPOINT)


@asynccontextmanager
async def up(*more: Path) -> AsyncIterator[str]:
    """Run the services, with more files laid over theirs, as a project of its own, and give its name."""
    project = f"orders-{secrets.token_hex(4)}"
    words = [
        "--project-name",
        project,
        *(word for file in (FILE, *more) for word in ("--file", os.fspath(file))),
    ]
    try:
        await compose(*words, "up", "--detach", "--no-build")
        yield project
    except AssertionError as error:
        error.add_note(await states(project))
        raise
    finally:
        await compose(*words, "down", "--volumes", "--timeout", "0")


async def states(project: str) -> str:
    """Return how the containers are, and the last words of each."""
    listing = ("ps", "--all", "--filter", f"{LABEL}.project={project}")
    told = await podman(*listing)
    for name in (await podman(*listing, "--format", "{{.Names}}")).split():
        told += f"\n{name}:\n{(await tried('logs', '--tail=20', name)).said}"
    return told


async def compose(*words: str) -> None:
    """Run podman-compose, which must succeed."""
    process = await asyncio.create_subprocess_exec(
        needed("podman-compose"),
        *words,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=ENVIRONMENT,
    )
    async with asyncio.timeout(COMPOSE_SECONDS):
        said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()


async def service(project: str, name: str) -> str:
    """Return what podman calls the one container of a service."""
    filters = (f"{LABEL}.project={project}", f"{LABEL}.service={name}")
    words = [word for each in filters for word in ("--filter", each)]
    return await podman("ps", "--all", "--format", "{{.Names}}", *words)
