"""Real pods and containers, by podman: run, listened to, crashed, and gone at the end of the test."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.deploy.manifests import Node, apart
from tests.e2e.sidecars import Heard, heard
from tests.programs import needed

#: Where every container of ours is cut off from the network, but for its own loopback.
NO_NETWORK: Final = ("--network", "none")
PODMAN_SECONDS: Final = 60.0
CONFIGURATION: Final = Path(__file__).parents[2] / ".ci" / "containers.conf"
#: What the gate prepared podman with, unless the machine says otherwise.
ENVIRONMENT: Final = {"CONTAINERS_CONF": os.fspath(CONFIGURATION), **os.environ, "DISABLE_HC_SYSTEMD": "true"}


@dataclass(frozen=True, slots=True)
class Done:
    """What a podman command said, its errors after the rest, and how it ended."""

    status: int
    said: str


async def tried(*words: str, given: str = "") -> Done:
    """Run podman with these words and standard input to its end, however it ends."""
    process = await asyncio.create_subprocess_exec(
        needed("podman"),
        *words,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=ENVIRONMENT,
    )
    try:
        async with asyncio.timeout(PODMAN_SECONDS):
            output, errors = await process.communicate(given.encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Done(process.returncode or 0, (output + errors).decode())


async def podman(*words: str, given: str = "") -> str:
    """Run podman, which must succeed, and return what it said."""
    done = await tried(*words, given=given)
    assert done.status == 0, f"podman {' '.join(words)}: {done.said}"
    return done.said.strip()


@asynccontextmanager
async def log(container: str) -> AsyncIterator[Heard]:
    """Listen to a container from its beginning."""
    process = await asyncio.create_subprocess_exec(
        needed("podman"),
        "logs",
        "--follow",
        container,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=ENVIRONMENT,
    )
    async with heard(Heard(process)) as listening:
        yield listening


async def crash(container: str) -> None:
    """Kill the container's process, as the kernel does when memory is short."""
    pid = int(await podman("inspect", "--format", "{{.State.Pid}}", container))
    os.kill(pid, signal.SIGKILL)


async def python(container: str, program: str) -> str:
    """Run a Python program inside the container and return what it prints."""
    return await podman("exec", "--interactive", container, "python3", "-", given=program)


async def inspected(name: str) -> Any:
    """Return what podman knows of a container or an image."""
    return json.loads(await podman("inspect", name))[0]


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod that runs; its containers are named by the manifest."""

    name: str

    def container(self, name: str) -> str:
        """Return what podman calls the container."""
        return f"{self.name}-{name}"

    async def logs(self) -> str:
        """Return the last words of all."""
        return (await tried("pod", "logs", "--tail=30", self.name)).said


@asynccontextmanager
async def running(documents: list[Node]) -> AsyncIterator[Pod]:
    """Run the pod of a manifest, under a name of its own and without a network."""
    suffix = f"-{secrets.token_hex(4)}"
    text = yaml.safe_dump_all(apart(documents, suffix), sort_keys=False)
    try:
        await podman("play", "kube", *NO_NETWORK, "-", given=text)
        pods = (await podman("pod", "ps", "--format", "{{.Name}}")).split()
        pod = Pod(next(name for name in pods if suffix in name))
        try:
            yield pod
        except AssertionError as error:
            error.add_note(await pod.logs())
            raise
    finally:
        for name in (await podman("pod", "ps", "--format", "{{.Name}}")).split():
            if suffix in name:
                await tried("pod", "kill", name)  # removing alone would wait for those who drain
                await tried("pod", "rm", "--force", "--time=0", name)
        for name in (await podman("volume", "ls", "--quiet")).split():
            if name.endswith(suffix):
                await tried("volume", "rm", "--force", name)


@asynccontextmanager
async def container(*words: str) -> AsyncIterator[str]:
    """Run one container in the background, from its options, image and arguments, and give its name."""
    name = f"pluggable-{secrets.token_hex(4)}"
    try:
        await podman("run", "--detach", "--name", name, *NO_NETWORK, *words)
        yield name
    finally:
        with suppress(AssertionError):
            await podman("rm", "--force", "--time=0", "--volumes", name)
