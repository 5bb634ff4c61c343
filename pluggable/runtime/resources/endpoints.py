"""HTTPEndpoint resources with their secrets: what is needed to call one."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

from ... import secretstores
from ..components.catalog import Loaded
from ..config import RuntimeConfig
from .declared import Endpoint
from .secretrefs import SecretStorePending, fetched
from .values import Component, HTTPEndpoint, MetadataItem

#: What the parts of ``clientTLS`` are called among the headers, as no header is.
_ROOT_CA, _CERTIFICATE, _PRIVATE_KEY = "clientTLS.rootCA:", "clientTLS.certificate:", "clientTLS.privateKey:"

logger: logging.Logger = logging.getLogger(__name__)


async def endpoint(
    spec: HTTPEndpoint,
    config: RuntimeConfig,
    environ: Mapping[str, str],
    stores: Mapping[str, Loaded[secretstores.SecretStore]],
) -> Endpoint:
    """
    Return an endpoint with what its resource refers to; what cannot be had is empty, with a warning.

    Source: dapr/dapr ``pkg/runtime/processor/httpendpoints.go``.
    """
    items = (*spec.headers, *_pems(spec))
    asking = Component(
        name=spec.name,
        type="HTTPEndpoint",
        metadata=items,
        namespace=spec.namespace,
        secret_store=spec.secret_store,
    )
    try:
        found = await fetched(asking, config, environ, stores)
    except SecretStorePending as error:
        logger.warning("HTTPEndpoint %s has no secrets: %s", spec, error)
        written = tuple(replace(item, secret_name=None) for item in items)
        found = await fetched(replace(asking, metadata=written), config, environ, stores)
    for warning in found.warnings:
        logger.warning("HTTPEndpoint %s: %s", spec, warning)
    values = dict(found.properties)
    return Endpoint(
        name=spec.name,
        base_url=spec.base_url,
        root_ca=values.pop(_ROOT_CA, ""),
        certificate=values.pop(_CERTIFICATE, ""),
        private_key=values.pop(_PRIVATE_KEY, ""),
        headers=values,
    )


def _pems(spec: HTTPEndpoint) -> tuple[MetadataItem, ...]:
    if (tls := spec.client_tls) is None:
        return ()
    named = {_ROOT_CA: tls.root_ca, _CERTIFICATE: tls.certificate, _PRIVATE_KEY: tls.private_key}
    return tuple(replace(item, name=name) for name, item in named.items() if item is not None)
