"""
``secretstores.local.env``: secrets from the environment of this process.

Source: components-contrib ``secretstores/local/env/envstore.go``.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass

from pluggable.about import About
from pluggable.metadata import NO_METADATA, Metadata, setting
from pluggable.secretstores import GetRequest, SecretStore

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What the YAML says."""

    prefix: str = setting(
        default="",
        description="What the variables' names begin with and the secrets' do not.",
        example="SHOP_",
    )


class EnvSecretStore(SecretStore):
    """
    Secrets that are environment variables, ``prefix`` before the name.

    One that is not set is empty, as is one of the sidecar's own, which nobody may read.
    """

    about = About(
        settings=Settings,
        title="Environment variables",
        description="Secrets that are environment variables of the component's process.",
        url="https://docs.dapr.io/reference/components-reference/supported-secret-stores/envvar-secret-store/",
    )

    _prefix: str

    async def init(self, metadata: Metadata) -> None:
        self._prefix = metadata.parse(Settings).prefix

    async def get(self, request: GetRequest) -> Mapping[str, str]:
        variable = self._prefix + request.key
        if _is_forbidden(variable):
            logger.warning("access to the environment variable %s is forbidden", variable)
            return {request.key: ""}
        return {request.key: os.environ.get(variable, "")}

    async def bulk_get(self, metadata: Mapping[str, str] = NO_METADATA) -> Mapping[str, Mapping[str, str]]:
        return {
            name: {name: value}
            for variable, value in os.environ.items()
            if variable.startswith(self._prefix) and not _is_forbidden(variable)
            if (name := variable.removeprefix(self._prefix))
        }


def _is_forbidden(variable: str) -> bool:
    name = variable.upper()
    return name == "APP_API_TOKEN" or name.startswith("DAPR_")
