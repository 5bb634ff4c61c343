"""What ``pluggable`` offers: a list that changes on purpose, each name explained."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import pluggable

EXPORTS = """
    About Accepted BulkError Capability Component ComponentError ComponentServer ConfigurationStore
    Conversation CustomError Delivery DeniedError ETagInvalidError ETagMismatchError InitError
    InputBinding InvalidRequestError InvokeError LimitExceededError LockStore Metadata MetadataError
    NO_METADATA NameResolver NotFoundError Outcome OutputBinding PubSub Rejected SecretStore Size
    StateStore SubtleCrypto TimedOutError Unanswered UnavailableError UnsupportedError blocking serve
    setting
"""
NAMES = EXPORTS.split()

#: Modules that users import from, and the public names each defines.
MODULES = {
    "about": "About Authentication",
    "bindings": "Event InputBinding InvokeRequest InvokeResponse OutputBinding",
    "component": "Capability Component blocking features_of",
    "conversation": """
        Choice Conversation ConverseRequest ConverseResponse Message Output Role Text Tool ToolCall ToolResult
        Usage
    """,
    "crypto": """
        DecryptRequest EncryptRequest EncryptResponse GetKeyRequest KeyFormat PublicKey SignRequest
        SubtleCrypto UnwrapKeyRequest VerifyRequest WrapKeyRequest WrapKeyResponse
    """,
    "cryptokeys": """
        key_of looks_like_jwk members_in members_of pem_of public_part read_key read_pem serialized
    """,
    "configuration": "ConfigurationStore GetRequest Item Notify SubscribeRequest",
    "delivery": "Accepted Delivery Rejected Unanswered",
    "errors": """
        BulkError ComponentError CustomError DeniedError ETagInvalidError ETagMismatchError InitError
        InvalidRequestError InvokeError LimitExceededError MetadataError NotFoundError NotInitializedError
        RemoteError RowMismatchError TimedOutError UnavailableError UnsupportedError
    """,
    "keyspace": """
        DeleteWithPrefixRequest KeysLike KeysLikeRequest KeysLikeResponse NativeBulk PrefixDeletable
    """,
    "lock": "LockStore TryLockRequest UnlockRequest UnlockStatus",
    "logs": "CallFields JSONFormatter LineFormatter setup",
    "metadata": "Metadata setting",
    "nameresolution": "Instance NameResolver Registering ResolveRequest",
    "pubsub": """
        BulkEntry BulkPublishRequest BulkPublisher ExpiringMessages FailedEntry ImmediateBulk Message Pausable
        PubSub PublishRequest Topic WildcardTopics
    """,
    "secretstores": "GetRequest MultipleValues SecretStore",
    "state": """
        BulkGetItem Concurrency Consistency DeleteRequest ETagged Expiring GetRequest GetResponse QueryItem
        QueryRequest QueryResponse Queryable SetRequest SortOrder StateStore Transactional
    """,
    "testing": "Faults Inbox Sidecar SidecarError connected reading served sidecar subscribed",
}


def test_exports_are_frozen() -> None:
    names = [
        name
        for name in dir(pluggable)
        if not name.startswith("_") and not isinstance(getattr(pluggable, name), ModuleType)
    ]

    assert sorted(names) == sorted(NAMES)


@pytest.mark.parametrize("module", MODULES)
def test_public_names_of_module_are_frozen(module: str) -> None:
    assert sorted(name for name, _ in defined(import_module(f"pluggable.{module}"))) == sorted(
        MODULES[module].split()
    )


def test_exports_are_spelled_as_such() -> None:
    tree = ast.parse(Path(pluggable.__file__).read_text())
    checked = next(node for node in tree.body if isinstance(node, ast.If))
    ours = [node for node in checked.body if isinstance(node, ast.ImportFrom)]
    aliases = [alias for node in ours for alias in node.names]

    assert {alias.name for alias in aliases} == set(NAMES)
    assert [alias.name for alias in aliases if alias.asname != alias.name] == []


def test_every_export_is_there() -> None:
    """What type checkers read and what is imported when asked for are two lists."""
    for name in NAMES:
        assert getattr(pluggable, name) is not None
    with pytest.raises(AttributeError, match="module 'pluggable' has no attribute 'Absent'"):
        getattr(pluggable, "Absent")  # noqa: B009  a type checker knows


def test_every_export_is_explained() -> None:
    objects = [(f"pluggable.{name}", getattr(pluggable, name)) for name in NAMES]
    objects += [
        (f"pluggable.{module}.{name}", value)
        for module in MODULES
        for name, value in defined(import_module(f"pluggable.{module}"))
    ]

    assert [name for name, value in objects if is_code(value) and not value.__doc__] == []


def test_every_public_method_is_explained() -> None:
    classes = {getattr(pluggable, name) for name in NAMES if inspect.isclass(getattr(pluggable, name))}
    for module in MODULES:
        classes |= {
            value for _, value in defined(import_module(f"pluggable.{module}")) if inspect.isclass(value)
        }

    unexplained = [
        f"{cls.__qualname__}.{name}"
        for cls in classes
        for name, method in vars(cls).items()
        if not name.startswith("_") and is_method(method) and not explained(cls, name)
    ]

    assert unexplained == []


def defined(module: ModuleType) -> Iterator[tuple[str, object]]:
    """Yield the public classes and functions that a module, or a package for it, defines itself."""
    for name, value in vars(module).items():
        if not name.startswith("_") and is_code(value) and is_within(value.__module__, module.__name__):
            yield name, value


def is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def is_code(value: object) -> bool:
    return inspect.isclass(value) or inspect.isfunction(value)


def is_method(value: object) -> bool:
    return inspect.isfunction(value) or isinstance(value, property | classmethod | staticmethod)


def explained(cls: type, name: str) -> bool:
    """Return whether a method has a docstring, here or where it is declared."""
    return any(getattr(vars(base).get(name), "__doc__", None) for base in cls.__mro__)
