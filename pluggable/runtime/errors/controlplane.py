"""What cannot be done without Dapr's placement and scheduler."""

from __future__ import annotations

from collections.abc import Mapping

from .base import BlockError


class NoPlacementError(BlockError):
    """Actors, and workflows with them, need a placement service, and none is configured."""

    def __init__(self) -> None:
        super().__init__("placement service is not configured")


class JobError(BlockError):
    """Something about jobs; ``facts`` go to the application beside the sentence."""

    def __init__(self, message: str, facts: Mapping[str, str]) -> None:
        super().__init__(message)
        self.facts = facts


class JobEmptyError(JobError):
    """The request has no job."""

    def __init__(self, facts: Mapping[str, str]) -> None:
        super().__init__("Job is empty", facts)


class JobNameEmptyError(JobError):
    """The job has no name."""

    def __init__(self, facts: Mapping[str, str]) -> None:
        super().__init__("Name is empty", facts)


class JobScheduleEmptyError(JobError):
    """The job does not say when it is due."""

    def __init__(self, facts: Mapping[str, str]) -> None:
        super().__init__("Schedule is empty", facts)


class JobNamedTwiceError(JobError):
    """The job has a name in the URL, and one in the body."""

    def __init__(self, facts: Mapping[str, str]) -> None:
        super().__init__("Set the job name in the url only", facts)


class NoSchedulerError(JobError):
    """Without a scheduler nothing can be done about jobs."""

    verb = ""

    def __init__(self, facts: Mapping[str, str]) -> None:
        super().__init__(f"failed to {self.verb} due to: scheduler clients are disabled", facts)


class ScheduleJobError(NoSchedulerError):
    """Nobody can keep a job."""

    verb = "schedule job"


class GetJobError(NoSchedulerError):
    """Nobody can say which job there is."""

    verb = "get job"


class ListJobsError(NoSchedulerError):
    """Nobody can say which jobs there are."""

    verb = "list jobs"


class DeleteJobError(NoSchedulerError):
    """Nobody can remove a job."""

    verb = "delete job"
