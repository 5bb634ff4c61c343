"""Jobs over gRPC: each call is answered with why it cannot be."""

from __future__ import annotations

from ...._proto.dapr.proto.runtime.v1 import jobs_pb2 as pb
from ...._proto.google.protobuf import empty_pb2
from ....transport import ServerCall
from ...blocks.jobs import Jobs
from .service import Service


class JobCalls:
    """The methods for jobs; those called alpha are the same."""

    def __init__(self, block: Jobs) -> None:
        self._block = block

    def add_to(self, service: Service) -> None:
        """Add the methods."""
        for stage in ("", "Alpha1"):
            service.add(f"ScheduleJob{stage}", pb.ScheduleJobRequest, self.schedule)
            service.add(f"GetJob{stage}", pb.GetJobRequest, self.get)
            service.add(f"DeleteJob{stage}", pb.DeleteJobRequest, self.delete)
            service.add(f"DeleteJobsByPrefix{stage}", empty_pb2.Empty, self.delete_many)
            service.add(f"ListJobs{stage}", empty_pb2.Empty, self.list)

    async def schedule(self, request: pb.ScheduleJobRequest, _call: ServerCall) -> None:
        """Refuse a job."""
        job = request.job
        timed = job.HasField("schedule") or job.HasField("due_time")
        self._block.schedule(job.name, timed=timed, empty=not request.HasField("job"))

    async def get(self, request: pb.GetJobRequest, _call: ServerCall) -> None:
        """Refuse to tell of a job."""
        self._block.get(request.name)

    async def delete(self, request: pb.DeleteJobRequest, _call: ServerCall) -> None:
        """Refuse to remove a job."""
        self._block.delete(request.name)

    async def delete_many(self, _request: empty_pb2.Empty, _call: ServerCall) -> None:
        """Refuse to remove jobs."""
        self._block.delete_many()

    async def list(self, _request: empty_pb2.Empty, _call: ServerCall) -> None:
        """Refuse to tell of all jobs."""
        self._block.list()
