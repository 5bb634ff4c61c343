"""
What a sidecar begins with: its files are read and its children started, before all the rest is even imported.

The children take longer than the sidecar until they answer, so they go first.
"""

from __future__ import annotations

import logging
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from ..sockets import SocketsFolder
from .changes import ResourceChanges
from .config import RuntimeConfig
from .discovery import Discovery
from .fatal import FatalError
from .forkserver import ForkServer
from .manifests import ManifestError, load_configuration, load_resources
from .places import Places
from .registry import Registry
from .resources import Changes, Configuration, Resources
from .supervisor import Supervisor

logger: logging.Logger = logging.getLogger(__name__)


class FaultyFilesError(FatalError):
    """What the YAML files say cannot be run; the text is daprd's, with every place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Groundwork:
    """What is known and running before the first port is taken."""

    config: RuntimeConfig
    configuration: Configuration
    discovery: Discovery
    places: Places
    changes: ResourceChanges
    first: Changes
    """The resources that were there at start; ``changes`` goes on from them."""


async def lay(config: RuntimeConfig, stack: AsyncExitStack, server: ForkServer | None = None) -> Groundwork:
    """
    Read the files, look for sockets, and start the children of bundled types; the stack ends them.

    Raises:
        FaultyFilesError: the files cannot be run.
    """
    try:
        configuration = load_configuration(config.config_paths, os.environ)
    except ManifestError as error:
        raise FaultyFilesError(f"error loading configuration: {error}") from error
    config = completed(config, configuration)
    _tell_what_is_not_heeded(config)
    changes = ResourceChanges(_Reader(config).read)
    first = await anext(changes)
    supervisor = await stack.enter_async_context(Supervisor(server=server))
    discovery = Discovery(SocketsFolder.find(config.sockets_folder), lambda: places.changed())
    places = Places(Registry(), supervisor, discovery)
    discovery.look()
    for spec in first.added.components:
        places.foresee(spec)
    await supervisor.settle()
    return Groundwork(
        config=config,
        configuration=configuration,
        discovery=discovery,
        places=places,
        changes=changes,
        first=first,
    )


class _Reader:
    """Reads the resources, at start and again; called in a thread."""

    def __init__(self, config: RuntimeConfig) -> None:
        self._config = config
        self._failed = "failed to load components"

    def read(self) -> Resources:
        config = self._config
        try:
            found = load_resources(config.resources_paths, app_id=config.app_id, namespace=config.namespace)
        except ManifestError as error:
            raise FaultyFilesError(f"{self._failed}: {error}") from error
        self._failed = "failed to load resources from disk"
        return found


def completed(config: RuntimeConfig, configuration: Configuration) -> RuntimeConfig:
    """Return the settings with what the configuration says where the flags do not."""
    logged = config.enable_api_logging
    return replace(
        config,
        enable_api_logging=configuration.api_logging if logged is None else logged,
        enable_metrics=config.enable_metrics and configuration.metrics,
    )


def _tell_what_is_not_heeded(config: RuntimeConfig) -> None:
    """Log the flags that were given and change nothing, so that nobody counts on them."""
    if config.unused_flags:
        logger.info("flags that have no meaning here: %s", ", ".join(config.unused_flags))
