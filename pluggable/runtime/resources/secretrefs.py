"""
A component's properties as its Init gets them: secrets and variables fetched, placeholders filled in.

Source: dapr/dapr ``pkg/runtime/meta/meta.go`` and, in ``pkg/runtime/processor``, ``secret`` and ``pubsub``.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from ... import secretstores
from ...errors import ComponentError, MetadataError
from ..components.catalog import Loaded
from ..config import RuntimeConfig
from .values import Component, MetadataItem

#: The pod's name, for ``{podName}``.
POD_NAME_VARIABLE = "POD_NAME"
#: The variables that ``envRef`` may read, separated by spaces; empty: all but the forbidden ones.
ENV_KEYS_VARIABLE = "DAPR_ENV_KEYS"
#: What ``{namespace}`` starts with where ``NAMESPACE`` is unset.
DEFAULT_NAMESPACE = "default"
#: The store that is meant when a component in Kubernetes names none.
KUBERNETES_STORE = "kubernetes"

_PLACEHOLDER = re.compile(r"\{(uuid|podName|namespace|appID)\}")


class SecretStorePending(ComponentError):  # noqa: N818  a state of affairs that passes, not an error yet
    """The component needs a secret from a store that is not loaded."""

    def __init__(self, component: Component, store: str) -> None:
        super().__init__(f'{component} needs secrets from the secret store "{store}", which is not loaded')
        self.store = store


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """The properties for Init, and what its owner should know about them."""

    properties: Mapping[str, str] = field(repr=False)
    warnings: tuple[str, ...] = ()


async def init_properties(
    spec: Component,
    config: RuntimeConfig,
    environ: Mapping[str, str],
    stores: Mapping[str, Loaded[secretstores.SecretStore]],
) -> Resolved:
    """
    Return what the component's Init gets; what cannot be had is an empty value and a warning.

    Raises:
        SecretStorePending: a secret store it refers to is not loaded; try again when it is.
        MetadataError: a placeholder has nothing to stand for.
    """
    found = await _Resolution(spec, config, environ, stores).values()
    filled, faults = {}, []
    for name, value in found.items():
        try:
            filled[name] = _filled(value, config, environ)
        except ValueError as error:
            faults.append(f"{name} {error}")
    if faults:
        raise MetadataError(faults)
    if spec.block == "pubsub":
        filled["consumerID"] = filled.get("consumerID", "").strip() or config.app_id
    return Resolved(properties=filled, warnings=tuple(found.warnings))


async def fetched(
    spec: Component,
    config: RuntimeConfig,
    environ: Mapping[str, str],
    stores: Mapping[str, Loaded[secretstores.SecretStore]],
) -> Resolved:
    """
    Return the properties with secrets and variables, placeholders as they are.

    Raises:
        SecretStorePending: a secret store it refers to is not loaded.
    """
    found = await _Resolution(spec, config, environ, stores).values()
    return Resolved(properties=found, warnings=tuple(found.warnings))


class _Values(dict[str, str]):
    """Values by property, and the warnings about them."""

    def __init__(self) -> None:
        super().__init__()
        self.warnings: list[str] = []


class _Resolution:
    """The resolving of one component's properties; each secret is fetched once."""

    def __init__(
        self,
        spec: Component,
        config: RuntimeConfig,
        environ: Mapping[str, str],
        stores: Mapping[str, Loaded[secretstores.SecretStore]],
    ) -> None:
        self._spec = spec
        self._environ = environ
        self._stores = stores
        self._store = spec.secret_store or (KUBERNETES_STORE if config.mode == "kubernetes" else "")
        self._fetched: dict[str, Mapping[str, str] | str] = {}
        self._values = _Values()

    async def values(self) -> _Values:
        for item in self._spec.metadata:
            self._values[item.name] = await self._value(item)
        return self._values

    async def _value(self, item: MetadataItem) -> str:
        if item.value is None and item.env:
            return self._variable(item.name, item.env)
        if item.secret_name:
            secret = await self._secret(item.name, item.secret_name, item.secret_key or item.secret_name)
            if secret is not None:
                return secret
        return item.value or ""

    def _variable(self, name: str, variable: str) -> str:
        if not _may_be_read(variable, self._environ):
            self._warn(f"{name} refers to the environment variable {variable}, which may not be read")
            return ""
        if variable not in self._environ:
            self._warn(f"{name} refers to the environment variable {variable}, which is not set")
        return self._environ.get(variable, "")

    async def _secret(self, name: str, secret: str, key: str) -> str | None:
        """Return the secret's value; ``None``, with a warning, if there is none."""
        if not self._store:
            self._warn(f"{name} refers to the secret {secret}, but auth.secretStore names no store")
            return None
        if secret not in self._fetched:
            self._fetched[secret] = await self._fetch(secret)
        values = self._fetched[secret]
        if isinstance(values, str):
            self._warn(f"{name} is left without its secret: {values}")
            return None
        if not values.get(key):
            keys = ", ".join(sorted(values)) or "none"
            self._warn(f"{name}: {secret} in {self._store} has no value under {key}; its keys are {keys}")
            return None
        return values[key]

    async def _fetch(self, secret: str) -> Mapping[str, str] | str:
        """Return the secret's values, or why they cannot be had."""
        try:
            loaded = self._stores[self._store]
        except KeyError as error:
            raise SecretStorePending(self._spec, self._store) from error
        request = secretstores.GetRequest(key=secret, metadata={"namespace": self._spec.namespace})
        try:
            return await loaded.component.get(request)
        except ComponentError as error:
            return f"secret store {self._store} failed to give {secret}: {error}"

    def _warn(self, text: str) -> None:
        self._values.warnings.append(text)


def _may_be_read(variable: str, environ: Mapping[str, str]) -> bool:
    """Whether ``envRef`` may read it: not the sidecar's own, and only a listed one where there is a list."""
    name = variable.upper()
    if name == "APP_API_TOKEN" or name.startswith("DAPR_") or " " in name:
        return False
    listed = environ.get(ENV_KEYS_VARIABLE, "")
    return not listed or name in listed.split(" ")


def _filled(value: str, config: RuntimeConfig, environ: Mapping[str, str]) -> str:
    """Return the value with its placeholders replaced; every ``{uuid}`` is another."""

    def stands_for(placeholder: re.Match[str]) -> str:
        match placeholder[1]:
            case "uuid":
                return str(uuid.uuid4())
            case "appID":
                return config.app_id
            case "namespace":
                return f"{config.namespace or DEFAULT_NAMESPACE}.{config.app_id}"
            case _:
                if pod := environ.get(POD_NAME_VARIABLE):
                    return pod
                raise ValueError(f"refers to {{podName}}, but {POD_NAME_VARIABLE} is not set")

    return _PLACEHOLDER.sub(stands_for, value)
