"""New projects: a component with its tests, its image and its manifests, from templates."""

from __future__ import annotations

from .kinds import KINDS as KINDS, Kind as Kind
from .naming import Naming as Naming, ScaffoldError as ScaffoldError
from .project import make_project as make_project
