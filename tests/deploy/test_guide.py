"""``deploy/README.md`` and ``.ci/pod``: they name what is there, and what they say is done."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

import pytest

from tests.deploy.conftest import Images
from tests.deploy.manifests import DEPLOY
from tests.deploy.pods import container, log, podman, tried
from tests.readme import BLOCKS, blocks

GUIDE = (DEPLOY / "README.md").read_text()
COMMANDS = [line for block in blocks(GUIDE) if block.language == "sh" for line in block.text.splitlines()]
SCRIPT = (DEPLOY.parent / ".ci" / "pod").read_text()


def test_guide_links_to_every_file() -> None:
    linked = set(re.findall(r"\]\(([^):]+)\)", GUIDE))
    files = {
        str(path.relative_to(DEPLOY))
        for path in DEPLOY.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert files - {"README.md"} == linked - {"../tests/deploy"}


def test_commands_name_what_is_there() -> None:
    named = [path for command in COMMANDS for path in re.findall(r"deploy/\S+", command)]

    assert len(named) >= len(COMMANDS) - 2
    for path in named:
        assert (DEPLOY.parent / path).exists() or path == "deploy/orders", path


def test_gate_builds_what_the_guide_does() -> None:
    built = [command for command in COMMANDS if command.startswith("podman build")]

    assert len(built) == 3
    for command in built:
        _, file, rest = re.split(r"deploy/images/(\w+)\.Containerfile ", command.removesuffix(" ."))
        assert f"build {file} {rest.replace('-t ', '--tag ')}\n" in SCRIPT


@pytest.mark.slow
async def test_component_of_ones_own_is_served(images: Images, tmp_path: Path) -> None:
    assert images.component in GUIDE
    (recipe,) = (block.text for block in blocks(GUIDE) if block.language == "Dockerfile")
    (code,) = (block.text for block in BLOCKS if block.file == "shelf.py")
    (tmp_path / "shelf.py").write_text(code)
    image = f"localhost/pluggable-test-{secrets.token_hex(4)}"
    try:
        await podman("build", "--quiet", "--tag", image, "--file", "-", str(tmp_path), given=recipe)
        async with container(image) as name, log(name) as said:
            await said.said("serving state.shelf on")
    finally:
        await tried("rmi", "--force", image)
