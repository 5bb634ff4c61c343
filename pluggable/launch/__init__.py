"""An application and its sidecar as processes: started together, heard together, ended together."""

from __future__ import annotations

from .plan import App as App, LaunchError as LaunchError
from .processes import launch as launch
from .runfile import read_run_file as read_run_file
