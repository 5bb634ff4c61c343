"""Middleware: what requests to the API, or to the application, go through as the configuration says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .base import Middleware as Middleware
from .pipeline import Pipeline as Pipeline
from .routeralias import RouterAlias as RouterAlias
from .uppercase import Uppercase as Uppercase

#: What there is, by type.
TYPES: Final[Mapping[str, type[Middleware]]] = {
    "middleware.http.routeralias": RouterAlias,
    "middleware.http.uppercase": Uppercase,
}
