"""Paths that stand for others, such as ``/orders/{id}`` for a method of an application."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

import yaml

from ...errors import MetadataError
from ...metadata import Metadata
from .base import Middleware

_VARIABLE: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?::((?:[^{}]|\{[^{}]*\})*))?\}")
_SAFE: Final = "/:@!$&'()*+,;=~"


class RouterAlias(Middleware):
    """
    ``routes`` is a JSON or YAML mapping of paths to what they stand for; a variable goes on in the query.

    Source: components-contrib ``middleware/http/routeralias``.
    """

    def __init__(self) -> None:
        self._fixed: dict[str, str] = {}
        self._patterns: list[tuple[re.Pattern[str], str]] = []

    async def init(self, metadata: Metadata) -> None:
        for path, target in _routes(metadata).items():
            escaped = quote(target, safe=_SAFE)
            if "{" in path:
                self._patterns.append((_pattern(path), escaped))
            else:
                self._fixed.setdefault(path, escaped)

    def routed(self, path: str, query: str) -> tuple[str, str]:
        asked = unquote(path)
        if (target := self._fixed.get(asked)) is not None:
            return target, query
        for pattern, target in self._patterns:
            if found := pattern.fullmatch(asked):
                pairs = [*parse_qsl(query, keep_blank_values=True), *found.groupdict().items()]
                return target, urlencode(sorted(pairs))
        return path, query


def _routes(metadata: Metadata) -> Mapping[str, str]:
    """
    Return the routes of the metadata: under ``routes``, or as older daprds have it each as a property.

    Raises:
        MetadataError: they are no mapping of texts.
    """
    written = metadata.get("routes")
    if not written or len(metadata.properties) > 1:
        if any(not path or not target for path, target in metadata.properties.items()):
            raise MetadataError(["invalid key/value pair in metadata: must not be empty"])
        return metadata.properties
    try:
        routes = json.loads(written)
    except ValueError:
        routes = _yaml(written)
    if not isinstance(routes, dict):
        raise MetadataError(
            [f"routes is {type(routes).__name__}, wanted a JSON object of paths and their targets"]
        )
    return {str(path): str(target) for path, target in routes.items()}


def _yaml(written: str) -> object:
    try:
        return yaml.safe_load(written)
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise MetadataError([f"failed to decode 'routes' property as JSON or YAML: {reason}"]) from error


def _pattern(path: str) -> re.Pattern[str]:
    """
    Return what a path with variables matches; ``{name}`` is a segment, ``{name:regex}`` what that says.

    Raises:
        MetadataError: it is no pattern.
    """
    parts, at = [], 0
    for found in _VARIABLE.finditer(path):
        parts += [re.escape(path[at : found.start()]), f"(?P<{found[1]}>{found[2] or '[^/]+'})"]
        at = found.end()
    try:
        return re.compile("".join([*parts, re.escape(path[at:])]))
    except re.error as error:
        raise MetadataError([f'routes has "{path}", which is no pattern: {error}']) from error
