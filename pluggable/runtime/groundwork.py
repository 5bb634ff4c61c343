"""
What a sidecar begins with: its files are read and its children started, before all the rest is even imported.

The children take longer than the sidecar until they answer, so they go first.
"""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass, replace

from ..sockets import SocketsFolder
from .children.supervisor import Supervisor
from .components.discovery import Discovery
from .components.places import Places
from .components.registry import Registry
from .config import RuntimeConfig
from .fatal import FatalError
from .resources import Changes, Configuration, Resources
from .resources.changes import ResourceChanges
from .resources.manifests import ManifestError, load_configuration, load_resources
from .resources.watching import Watch

logger: logging.Logger = logging.getLogger(__name__)


#: The share of traces that daprd records where the configuration says none.
DEFAULT_SAMPLING_RATE = 0.0001


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
    watch: Watch
    first: Changes
    """The resources that were there at start; ``changes`` goes on from them."""


async def lay(config: RuntimeConfig, supervisor: Supervisor) -> Groundwork:
    """
    Read the files, look for sockets, and have the children of bundled types started.

    Raises:
        FaultyFilesError: the files cannot be run.
    """
    configuration = configured(config)
    _tell_configuration(configuration)
    config = completed(config, configuration)
    _tell_what_is_not_heeded(config)
    changes = ResourceChanges(_Reader(config).read)
    watch = Watch(config.resources_paths, changes.reload)
    watch.look()
    first = await anext(changes)
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
        watch=watch,
        first=first,
    )


def configured(config: RuntimeConfig) -> Configuration:
    """
    Return what the files of ``--config`` say now.

    Raises:
        FaultyFilesError: they cannot be used.
    """
    try:
        return load_configuration(config.config_paths, os.environ)
    except ManifestError as error:
        raise FaultyFilesError(f"error loading configuration: {error}") from error


class _Reader:
    """Reads the resources, at start and again; called in a thread."""

    def __init__(self, config: RuntimeConfig) -> None:
        self._config = config
        self._known: Resources | None = None

    def read(self) -> Resources:
        config, known = self._config, self._known
        try:
            self._known = load_resources(
                config.resources_paths, app_id=config.app_id, namespace=config.namespace, known=known
            )
        except ManifestError as error:
            if known is None:
                raise FaultyFilesError(f"failed to load components: {error}") from error
            for fault in error.faults:  # the last line is daprd's, without their places
                logger.error("%s", fault)  # noqa: TRY400  the fault says it all
            headlines = "\n".join(error.headlines)
            raise FaultyFilesError(f"failed to load resources from disk: {headlines}") from error
        return self._known


def completed(config: RuntimeConfig, configuration: Configuration) -> RuntimeConfig:
    """Return the settings with what the configuration says where the flags do not."""
    logged = config.enable_api_logging
    return replace(
        config,
        access=configuration.access,
        enable_api_logging=configuration.api_logging if logged is None else logged,
        enable_metrics=config.enable_metrics and configuration.metrics,
    )


def _tell_configuration(configuration: Configuration) -> None:
    """Log what the configuration says of metrics and traces, in daprd's words."""
    spec = configuration.spec
    metrics = {**spec.get("metric", {}), **spec.get("metrics", {}), "enabled": configuration.metrics}
    logger.info("metric spec: %s", json.dumps(metrics, separators=(",", ":")))
    rate = spec.get("tracing", {}).get("samplingRate")
    if rate is not None:
        logger.info(
            "trace sampler of the configuration: %s; spans are not exported yet, contexts are passed on",
            sampler(str(rate)),
        )


def sampler(rate: str) -> str:
    """Return what OpenTelemetry calls the sampler of a rate; one that is no number is daprd's default."""
    try:
        share = max(float(rate), 0.0)
    except ValueError:
        share = DEFAULT_SAMPLING_RATE
    root = "AlwaysOnSampler" if share >= 1 else f"TraceIDRatioBased{{{share:g}}}"
    return f"ParentBased{{root:{root}}}"


def _tell_what_is_not_heeded(config: RuntimeConfig) -> None:
    """Log the flags that were given and change nothing, so that nobody counts on them."""
    if config.unused_flags:
        logger.info("flags that have no meaning here: %s", ", ".join(config.unused_flags))
