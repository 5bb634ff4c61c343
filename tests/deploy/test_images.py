"""The images: small, of a user without a name, with what was asked for and nothing that builds."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.deploy.conftest import Images
from tests.deploy.pods import NO_NETWORK, container, inspected, log, podman, python, tried
from tests.e2e.sidecars import component

pytestmark = pytest.mark.slow

#: A file system like the pods', of which podman's own writable folders are no part.
READ_ONLY = ("--read-only", "--read-only-tmpfs=false", "--cap-drop=all", "--security-opt=no-new-privileges")
BUNDLED = "--app-id=orders", "--resources-path=/resources"
MEGABYTE = 1_000_000
STORING = """
import json, urllib.request
url = "http://127.0.0.1:3500/v1.0/state/orders"
urllib.request.urlopen(url, json.dumps([{"key": "k", "value": 5}]).encode(), timeout=20)
print(urllib.request.urlopen(url + "/k", timeout=20).read().decode())
"""
#: The component's process, and not the one that forked it; the brackets keep this shell from finding itself.
KILLING = """
for each in /proc/[0-9]*; do
    grep -qs '/sqlite[.]sock' $each/cmdline && kill -9 ${each#/proc/}
done
true
"""


@pytest.fixture
async def volume() -> AsyncIterator[str]:
    """The name of a volume that is empty."""
    name = f"pluggable-{secrets.token_hex(4)}"
    yield name
    await tried("volume", "rm", "--force", name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of root's that others may look into."""
    tmp_path.chmod(0o755)
    return tmp_path


async def test_users_are_numbers_and_not_root(images: Images) -> None:
    users = [(await inspected(name))["User"] for name in (images.sidecar, images.component, images.app)]

    assert len(set(users)) == 3
    for user in users:
        number, _, group = user.partition(":")
        assert int(number) == int(group) > 0, "Kubernetes cannot see of a name that it is not root"


async def test_images_add_little(images: Images) -> None:
    base = (await inspected(images.base))["Size"]

    assert (await inspected(images.component))["Size"] - base < 100 * MEGABYTE
    # With the clients of all databases, brokers and clouds; EXTRAS leaves out what is not wanted.
    assert (await inspected(images.sidecar))["Size"] - base < 300 * MEGABYTE


async def test_nothing_that_builds_stays(images: Images) -> None:
    search = "ls -d /source /dist /tools; find /opt/pluggable -name pip -o -name setuptools"
    for name in (images.sidecar, images.component):
        found = await podman(
            "run", "--rm", *NO_NETWORK, "--entrypoint=sh", name, "-c", f"({search}) 2>/dev/null || true"
        )
        assert found == ""


async def test_component_has_what_its_extra_brings(images: Images) -> None:
    missing = await tried("run", "--rm", *NO_NETWORK, *READ_ONLY, images.component, "state.redis")

    assert missing.status == 1
    assert "install it with: pip install 'pluggable-components[redis]'" in missing.said


async def test_folder_that_may_not_be_written_to_is_explained(images: Images, folder: Path) -> None:
    words = ["--volume", f"{folder}:/sockets", "--env=DAPR_COMPONENTS_SOCKETS_FOLDER=/sockets"]
    refused = await tried("run", "--rm", *NO_NETWORK, *words, images.component, "state.sqlite")

    assert refused.status == 1
    assert "user 65533 may not write to /sockets, which is user 0's with mode 755; " in refused.said


async def test_every_variable_of_the_folder_is_heeded(images: Images, volume: str) -> None:
    for variable in ("DAPR_COMPONENTS_SOCKETS_FOLDER", "DAPR_COMPONENT_SOCKETS_FOLDER"):
        words = (
            "--volume",
            f"{volume}:/sockets",
            f"--env={variable}=/sockets",
            images.component,
            "state.sqlite",
        )
        async with container(*READ_ONLY, *words) as name, log(name) as said:
            await said.said("serving state.sqlite on /sockets/sqlite.sock")

            other = ("--rm", "--user=65532", "--entrypoint=pluggable", f"--volume={volume}:/sockets")
            listed = await podman("run", *NO_NETWORK, *other, images.component, "list", "--folder=/sockets")
            assert listed == "sqlite.sock  state.sqlite"


async def test_bundled_component_needs_a_place_for_its_socket_alone(
    images: Images, volume: str, folder: Path
) -> None:
    component(folder, "orders", "state.sqlite", connectionString="/data/orders.db")
    volumes = (f"--volume={folder}:/resources:ro", f"--volume={volume}:/data")
    refused = await tried("run", "--rm", *NO_NETWORK, *READ_ONLY, *volumes, images.sidecar, *BUNDLED)
    assert refused.status == 1
    assert "no folder can be made for the sockets of bundled components" in refused.said
    assert "make /tmp writable" in refused.said

    async with (
        container(*READ_ONLY, *volumes, "--tmpfs=/tmp", images.sidecar, *BUNDLED) as name,
        log(name) as said,
    ):
        await said.said("dapr initialized. Status: Running.")
        assert await python(name, STORING) == "5"

        await podman("exec", name, "sh", "-c", KILLING)
        await said.said("was restarted and is initialised again")
        assert await python(name, STORING) == "5"


async def test_sidecar_of_strangers_writes_nothing(images: Images) -> None:
    async with container(*READ_ONLY, images.sidecar, "--app-id=orders") as name, log(name) as said:
        await said.said("dapr initialized. Status: Running.")


async def test_sidecar_leaves_at_sigterm(images: Images) -> None:
    async with container(*READ_ONLY, images.sidecar, "--app-id=orders") as name, log(name) as said:
        await said.said("dapr initialized. Status: Running.")
        async with asyncio.timeout(20):
            await podman("stop", "--time=60", name)

        assert (await inspected(name))["State"]["ExitCode"] == 0
