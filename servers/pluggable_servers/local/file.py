"""
``secretstores.local.file``: secrets from a JSON file, read once.

Source: components-contrib ``secretstores/local/file/filestore.go``. Numbers and truth values, which come out
as Go's complaint about a wrong verb there, are their JSON text here.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pluggable.about import About
from pluggable.errors import InitError, NotFoundError
from pluggable.metadata import NO_METADATA, Metadata, setting
from pluggable.secretstores import GetRequest, MultipleValues, SecretStore

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What the YAML says."""

    secrets_file: str = setting(
        description="The path of a JSON file that holds an object.", example="secrets.json"
    )
    nested_separator: str = setting(
        default=":", description="What joins the names of nested values to the name of a secret."
    )
    multi_valued: bool = setting(
        default=False, description="Makes each top-level object one secret with several values."
    )


class FileSecretStore(SecretStore):
    """
    Secrets of a JSON object.

    Nested values are secrets of their own, their names joined by ``nestedSeparator``; with ``multiValued``
    each top-level object is one secret with several values.
    """

    about = About(
        settings=Settings,
        title="Local file",
        description="Secrets from a JSON file, read once; for development.",
        url="https://docs.dapr.io/reference/components-reference/supported-secret-stores/file-secret-store/",
    )

    _secrets: Mapping[str, Mapping[str, str]]
    _multi_valued: bool = False

    async def init(self, metadata: Metadata) -> None:
        settings = metadata.parse(Settings)
        content = await asyncio.to_thread(_read, Path(settings.secrets_file))
        separator = settings.nested_separator or ":"
        self._multi_valued = settings.multi_valued
        self._secrets = _grouped(content, separator) if settings.multi_valued else _single(content, separator)

    @property
    def features(self) -> tuple[str, ...]:
        return (MultipleValues.feature,) if self._multi_valued else ()

    async def get(self, request: GetRequest) -> Mapping[str, str]:
        try:
            return self._secrets[request.key]
        except KeyError as error:
            raise NotFoundError(f"secret {request.key} not found") from error

    async def bulk_get(self, metadata: Mapping[str, str] = NO_METADATA) -> Mapping[str, Mapping[str, str]]:
        return self._secrets


def _read(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise InitError(f"secretsFile {path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InitError(f"secretsFile {path} is not UTF-8, wanted a JSON object") from error
    except json.JSONDecodeError as error:
        # Without the text around the place, which may be a secret.
        place = f"line {error.lineno}, column {error.colno}"
        raise InitError(f"secretsFile {path} is no JSON at {place}: {error.msg}") from None
    if not isinstance(content, dict):
        raise InitError(f"secretsFile {path} holds a JSON {type(content).__name__}, wanted an object")
    return content


def _single(content: Mapping[str, Any], separator: str) -> dict[str, Mapping[str, str]]:
    """Return each leaf as a secret with itself as the only key."""
    return {name: {name: value} for name, value in _flat(content, separator).items()}


def _grouped(content: Mapping[str, Any], separator: str) -> dict[str, Mapping[str, str]]:
    """Return each text and each object as a secret; what else stands at the top is none."""
    secrets: dict[str, Mapping[str, str]] = {}
    for name, value in content.items():
        if isinstance(value, str):
            secrets[name] = {name: value}
        elif isinstance(value, dict):
            secrets[name] = _flat(value, separator)
        else:
            logger.warning("secret %s is neither a text nor an object and is left out", name)
    return secrets


def _flat(content: Mapping[str, Any], separator: str) -> dict[str, str]:
    """Return the leaves under their joined names; of two with one name the first counts."""
    found: dict[str, str] = {}
    for name, value in _leaves(content, (), separator):
        if name in found:
            logger.warning("two secrets are named %s once their names are joined; the first counts", name)
        found.setdefault(name, value)
    return found


def _leaves(value: Any, path: tuple[str, ...], separator: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, name), separator)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*path, str(index)), separator)
    elif value is not None:
        yield separator.join(path), value if isinstance(value, str) else json.dumps(value)
