"""The parts of Dapr's HTTP API that this sidecar does not have, each answered with its name."""

from __future__ import annotations

from ...errors import NotOfferedError
from .request import Request, Response
from .router import ANY, Router

PARTS = {
    "actors": "the actor API",
    "configuration": "the configuration API",
    "crypto": "the cryptography API",
    "subtlecrypto": "the cryptography API",
    "workflows": "the workflow API",
    "jobs": "the jobs API",
}
VERSIONS = ("v1.0", "v1.0-alpha1", "v1.0-alpha2", "v1.0-beta1")


class LaterHandlers:
    """Everything under the names of the missing parts."""

    def add_to(self, router: Router) -> None:
        """Add the paths."""
        for version in VERSIONS:
            for part in PARTS:
                router.add(ANY, f"/{version}/{part}/{{path...}}", self.refuse)

    async def refuse(self, request: Request, path: str) -> Response:  # noqa: ARG002  the pattern has it
        """Say which part it is."""
        name = request.path.lstrip("/").split("/")[1]
        raise NotOfferedError(PARTS.get(name, name))
