"""``pluggable doctor``: what a daprd would make of the sockets and the YAML, and how to mend it."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import anyio

from ..doctor.access import IMAGE_USER, User
from ..doctor.examination import Case, examine
from ..launch.plan import DAPR_HOME

#: Kubernetes sets it in every container.
_IN_POD = "KUBERNETES_SERVICE_HOST"


def options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--folder", type=Path, help="where to look; default: where a daprd would")
    parser.add_argument(
        "--resources-path",
        "-d",
        type=Path,
        action="append",
        default=[],
        metavar="PATH",
        help="folder of YAML files, or a file; may be repeated; default: ~/.dapr/components, if there",
    )
    parser.add_argument("--app-id", "-a", help="judge the YAML's scopes for this application")
    parser.add_argument(
        "--as-user",
        type=_user,
        metavar="UID[:GID,…]",
        help=f"as whom daprd runs; default: you, in a pod {IMAGE_USER.uid}, as in its image",
    )
    parser.add_argument(
        "--init",
        action="store_true",
        help="send each component an Init too, for an instance of its own, which stays until it restarts",
    )
    parser.add_argument("--json", action="store_true", help="print the report in JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the report; the exit code is 1 if a daprd could not use everything."""
    user = arguments.as_user or (IMAGE_USER if _IN_POD in os.environ else User.here())
    case = Case(
        environ=dict(os.environ),
        user=user,
        folder=arguments.folder.absolute() if arguments.folder else None,
        resources_paths=_resources(arguments.resources_path),
        app_id=arguments.app_id,
        init=arguments.init,
    )
    report = anyio.run(examine, case)
    sys.stdout.write((report.json() if arguments.json else report.text()) + "\n")
    return 0 if report.usable else 1


def _resources(named: list[Path]) -> tuple[Path, ...]:
    initialised = Path.home() / DAPR_HOME / "components"
    if named or not initialised.is_dir():
        return tuple(named)
    return (initialised,)


def _user(text: str) -> User:
    try:
        return User.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
