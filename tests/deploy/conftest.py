"""The images that `.ci/pod` builds, for the tests that run them."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pytest

from tests.deploy.pods import tried


@dataclass(frozen=True, slots=True)
class Images:
    """The names of the images."""

    base: str = "localhost/base:1"
    sidecar: str = "localhost/pluggable-sidecar:1"
    component: str = "localhost/pluggable-component:1"
    app: str = "localhost/pluggable-app:1"


@pytest.fixture
async def images() -> Images:
    """The images; where they are not built the test is skipped, or fails under CI."""
    found = Images()
    for name in (found.sidecar, found.component, found.app):
        if (await tried("image", "exists", name)).status != 0:
            missing = f"image {name} is not built; .ci/pod builds it"
            if os.environ.get("CI") == "true":
                pytest.fail(missing)
            pytest.skip(missing)
    return found
