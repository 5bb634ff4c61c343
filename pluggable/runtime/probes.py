"""
Probing the application: how often, and after how many failures it counts as unwell.

Source: dapr/dapr ``pkg/apphealth/health.go``. There a success between failures does not always count; here
failures count in a row, as the documentation has it.
"""

from __future__ import annotations

import asyncio
import logging

from .appchannel import AppChannel
from .config import RuntimeConfig

logger: logging.Logger = logging.getLogger(__name__)


async def probe(channel: AppChannel, config: RuntimeConfig) -> None:
    """Ask the application how it is, now and at intervals, and report each change, until cancelled."""
    logger.info("App health probes starting")
    loop, health = asyncio.get_running_loop(), channel.health
    failures = 0
    while True:
        began = loop.time()
        if await channel.healthy():
            failures = 0
            if not health.healthy:
                logger.info("App entered healthy status")
            health.report(healthy=True)
        else:
            failures += 1
            if failures >= config.app_health_threshold:
                if health.healthy:
                    logger.warning(
                        "App entered un-healthy status: App health check failed %d times", failures
                    )
                health.report(healthy=False)
        await asyncio.sleep(config.app_health_probe_interval_seconds - (loop.time() - began))
