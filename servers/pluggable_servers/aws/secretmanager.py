"""
Secrets of AWS Secrets Manager.

Facts: components-contrib ``secretstores/aws/secretmanager/secretmanager.go``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pluggable.about import About
from pluggable.errors import ComponentError, InitError, NotFoundError
from pluggable.metadata import NO_METADATA, Metadata, setting
from pluggable.secretstores import GetRequest, MultipleValues, SecretStore

from .client import AWS, limited
from .gojson import go_json
from .settings import AUTHENTICATION, AWSSettings

_SERVICE: Final = "secretsmanager"
#: So many secrets are asked for at once when all are.
_AT_ONCE: Final = 10
#: What a request's metadata may name, and what AWS calls it.
_VERSIONS: Final = {"version_id": "VersionId", "version_stage": "VersionStage"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretManagerSettings(AWSSettings):
    """The properties of ``secretstores.aws.secretmanager``."""

    multiple_key_values_per_secret: bool = setting(
        default=False, description="Makes a secret that is a JSON object one with several values."
    )


class SecretManagerStore(SecretStore):
    """
    Secrets by their names or ARNs; a secret that is bytes has no values.

    A request may name a version: ``version_id`` or ``version_stage``.
    """

    about = About(
        settings=SecretManagerSettings,
        title="AWS Secrets Manager",
        description="Secrets of AWS Secrets Manager, by their names or ARNs.",
        url="https://docs.dapr.io/reference/components-reference/supported-secret-stores/aws-secret-manager/",
        authentication=AUTHENTICATION,
    )

    def __init__(self) -> None:
        self._aws: AWS | None = None
        self._several = False

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(SecretManagerSettings)
        self._several = settings.multiple_key_values_per_secret
        self._aws = await AWS.open(settings, _SERVICE, name=metadata.name)

    async def close(self) -> None:
        if self._aws is not None:
            await self._aws.close()

    async def ping(self) -> None:
        await self._initialised().answers(_SERVICE, "list_secrets", MaxResults=1)

    @property
    def features(self) -> tuple[str, ...]:
        return (MultipleValues.feature,) if self._several else ()

    async def get(self, request: GetRequest) -> Mapping[str, str]:
        version = {
            field: request.metadata[name] for name, field in _VERSIONS.items() if name in request.metadata
        }
        return self._values(
            await self._initialised().call(_SERVICE, "get_secret_value", SecretId=request.key, **version)
        )

    async def bulk_get(self, metadata: Mapping[str, str] = NO_METADATA) -> Mapping[str, Mapping[str, str]]:
        names = await self._names()
        found: dict[str, Mapping[str, str]] = {}
        for name, values in zip(names, await limited(names, self._value_or_error, _AT_ONCE), strict=True):
            if isinstance(values, NotFoundError):  # It was deleted since it was listed.
                continue
            if isinstance(values, ComponentError):
                raise values
            found[name] = values
        return found

    async def _names(self) -> list[str]:
        names: list[str] = []
        page: dict[str, Any] = {}
        while True:
            answer = await self._initialised().call(_SERVICE, "list_secrets", **page)
            names += (each["Name"] for each in answer.get("SecretList", ()))
            if not (token := answer.get("NextToken")):
                return names
            page = {"NextToken": token}

    async def _value_or_error(self, name: str) -> Mapping[str, str] | ComponentError:
        try:
            return await self.get(GetRequest(key=name))
        except ComponentError as error:
            return error

    def _values(self, answer: Mapping[str, Any]) -> Mapping[str, str]:
        text = answer.get("SecretString")
        if text is None:
            return {}
        if self._several and (values := _object(text)) is not None:
            return {key: value if isinstance(value, str) else _text(value) for key, value in values.items()}
        return {answer["Name"]: text}

    def _initialised(self) -> AWS:
        if self._aws is None:
            raise InitError("secretstores.aws.secretmanager was not initialised: await init first")
        return self._aws


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _text(value: Any) -> str:
    """Return a value's JSON as Go writes it, where a number such as 1.0 has no fraction."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        value = int(value)
    return go_json(value, sort=True)
