"""Jobs, actors and workflows over HTTP: each request is answered with why it cannot be."""

from __future__ import annotations

from ...blocks.actors import Actors
from ...blocks.jobs import Jobs
from ..jsontext import load
from .fields import object_of, text_of
from .request import Request, Response
from .router import ANY, Router


class JobHandlers:
    """``/v1.0/jobs``; bodies are a job in JSON."""

    def __init__(self, block: Jobs) -> None:
        self._block = block

    def add_to(self, router: Router) -> None:
        """Add the paths."""
        for version in ("v1.0", "v1.0-alpha1"):
            path = f"/{version}/jobs/{{name}}"
            router.add("POST", path, self.schedule)
            router.add("GET", path, self.get)
            router.add("DELETE", path, self.delete)

    async def schedule(self, request: Request, name: str) -> Response:
        """Refuse a job."""
        job = object_of(load(request.body), "a job") if request.body else {}
        self._block.check_unnamed(text_of(job, "name"))
        timed = any(text_of(job, field) for field in ("schedule", "dueTime", "due_time"))
        self._block.schedule(name.strip(), timed=timed)

    async def get(self, request: Request, name: str) -> Response:  # noqa: ARG002  every handler gets its request
        """Refuse to tell of a job."""
        self._block.get(name)

    async def delete(self, request: Request, name: str) -> Response:  # noqa: ARG002  every handler gets its request
        """Refuse to remove a job."""
        self._block.delete(name)


class ActorHandlers:
    """``/v1.0/actors`` and the ``workflows`` of each version."""

    def __init__(self, block: Actors) -> None:
        self._block = block

    def add_to(self, router: Router) -> None:
        """Add the paths."""
        router.add(ANY, "/v1.0/actors/{path...}", self.refuse)
        for version in ("v1.0", "v1.0-beta1", "v1.0-alpha1"):
            router.add(ANY, f"/{version}/workflows/{{path...}}", self.refuse)

    async def refuse(self, request: Request, path: str) -> Response:  # noqa: ARG002  the pattern has it
        """Say why not."""
        self._block.refuse(f"{request.method} {request.path}")
