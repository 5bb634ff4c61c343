"""The names on the wire: services, methods, headers, and the reasons of our errors."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import quote

_PACKAGE: Final = "dapr.proto.components.v1"
_FURTHER: Final = "pluggable.components.v1alpha1"

#: Full names of the services, as reflection lists them.
STATE_STORE: Final = f"{_PACKAGE}.StateStore"
TRANSACTIONAL_STATE_STORE: Final = f"{_PACKAGE}.TransactionalStateStore"
QUERIABLE_STATE_STORE: Final = f"{_PACKAGE}.QueriableStateStore"
MULTI_MAX_SIZE: Final = f"{_PACKAGE}.TransactionalStoreMultiMaxSize"
PREFIX_DELETING_STATE_STORE: Final = f"{_FURTHER}.PrefixDeletingStateStore"
KEYS_LIKE_STATE_STORE: Final = f"{_FURTHER}.KeysLikeStateStore"
NATIVE_BULK_STATE_STORE: Final = f"{_FURTHER}.NativeBulkStateStore"
CONFIGURATION_STORE: Final = f"{_FURTHER}.ConfigurationStore"
LOCK_STORE: Final = f"{_FURTHER}.LockStore"
PUBSUB: Final = f"{_PACKAGE}.PubSub"
INPUT_BINDING: Final = f"{_PACKAGE}.InputBinding"
OUTPUT_BINDING: Final = f"{_PACKAGE}.OutputBinding"
SECRET_STORE: Final = f"{_PACKAGE}.SecretStore"
SUBTLE_CRYPTO: Final = f"{_FURTHER}.SubtleCrypto"
NAME_RESOLVER: Final = f"{_FURTHER}.NameResolver"
NAME_REGISTRY: Final = f"{_FURTHER}.NameRegistry"
CONVERSATION: Final = f"{_FURTHER}.Conversation"

#: The block a service makes its socket a component of; the others add to one (dapr: ``pkg/components``).
BLOCK_OF_SERVICE: Final = {
    STATE_STORE: "state",
    CONFIGURATION_STORE: "configuration",
    LOCK_STORE: "lock",
    PUBSUB: "pubsub",
    INPUT_BINDING: "bindings",
    OUTPUT_BINDING: "bindings",
    SECRET_STORE: "secretstores",
    SUBTLE_CRYPTO: "crypto",
    NAME_RESOLVER: "nameresolution",
    CONVERSATION: "conversation",
}

#: What a store can do that Dapr's contract has no call for: told by reflection, and not by Features.
FEATURE_OF_SERVICE: Final = {
    PREFIX_DELETING_STATE_STORE: "DELETE_WITH_PREFIX",
    KEYS_LIKE_STATE_STORE: "KEYS_LIKE",
    NATIVE_BULK_STATE_STORE: "NATIVE_BULK",
}

REFLECTION_V1: Final = "grpc.reflection.v1.ServerReflection"
REFLECTION_V1ALPHA: Final = "grpc.reflection.v1alpha.ServerReflection"
HEALTH: Final = "grpc.health.v1.Health"

#: Which configured component a call is for: its name in the sidecar's YAML.
INSTANCE_HEADER: Final = "x-component-instance"
#: The same name as bytes, beside it when a header of text cannot hold it; ours alone sends it.
INSTANCE_BYTES_HEADER: Final = "x-pluggable-instance-bin"
#: Which sidecar is calling, so that two of them may use one name; ours alone sends it.
CLIENT_HEADER: Final = "x-pluggable-client"

_HEADER_TEXT: Final = re.compile(r"([!-~]([ -~]*[!-~])?)?")
#: What stays as it is where a name is escaped; the rest are blanks, percent signs and what is not ASCII.
_PLAIN: Final = "!\"#$&'()*+,/:;<=>?@[\\]^`{|}"

#: Whose words the reasons below are, in ``google.rpc.ErrorInfo``.
DOMAIN: Final = "pluggable"
NOT_INITIALIZED: Final = "NOT_INITIALIZED"
INIT_FAILED: Final = "INIT_FAILED"
METADATA_INVALID: Final = "METADATA_INVALID"
ROW_MISMATCH: Final = "ROW_MISMATCH"
INVOKE_FAILED: Final = "INVOKE_FAILED"


def types_of(name: str, services: Collection[str]) -> list[str]:
    """Return the component types that a socket of this name serves, sorted, in lower case."""
    blocks = {BLOCK_OF_SERVICE[service] for service in services if service in BLOCK_OF_SERVICE}
    return sorted(f"{block}.{name.lower()}" for block in blocks)


def path(service: str, method: str) -> str:
    """Return the path a method is called by."""
    return f"/{service}/{method}"


def header_text(text: str) -> str:
    """Return a text as a header can carry it: as it is if that is possible, else escaped as in a URL."""
    if _HEADER_TEXT.fullmatch(text):
        return text
    return quote(text.encode(errors="surrogatepass"), safe=_PLAIN)


def instance_headers(name: str) -> tuple[tuple[str, str | bytes], ...]:
    """Return the headers that say which component a call is for."""
    text = header_text(name)
    if text == name:
        return ((INSTANCE_HEADER, name),)
    return (INSTANCE_HEADER, text), (INSTANCE_BYTES_HEADER, name.encode(errors="surrogatepass"))


def instance_of(metadata: Mapping[str, str | bytes]) -> str:
    """Return which component a call is for, as its YAML names it; empty when the caller does not say."""
    data = metadata.get(INSTANCE_BYTES_HEADER)
    if isinstance(data, bytes):
        return data.decode(errors="replace")
    text = metadata.get(INSTANCE_HEADER, "")
    return text if isinstance(text, str) else ""
