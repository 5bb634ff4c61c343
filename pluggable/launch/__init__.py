"""An application and its sidecar as processes: started together, heard together, ended together."""

from __future__ import annotations

from .pairs import launch as launch
from .plan import App as App, LaunchError as LaunchError
