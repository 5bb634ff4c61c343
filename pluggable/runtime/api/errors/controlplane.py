"""The table's rows for actors and jobs (dapr: ``pkg/messages``, ``pkg/api/errors/scheduler.go``)."""

from __future__ import annotations

from ....transport import Code
from ...errors import BlockError, controlplane as errors
from .row import Row

_PREFIX = "DAPR_SCHEDULER_"


def _job(status: int, word: str, grpc: Code) -> Row:
    code = _PREFIX + word
    return Row(status, code, grpc, reason=code)


CONTROL_PLANE_ROWS: dict[type[BlockError], Row] = {
    errors.NoPlacementError: Row(400, "ERR_ACTOR_NO_PLACEMENT", Code.UNAVAILABLE),
    errors.JobEmptyError: _job(400, "EMPTY", Code.INVALID_ARGUMENT),
    errors.JobNameEmptyError: _job(400, "JOB_NAME_EMPTY", Code.INVALID_ARGUMENT),
    errors.JobScheduleEmptyError: _job(400, "SCHEDULE_EMPTY", Code.INVALID_ARGUMENT),
    errors.JobNamedTwiceError: _job(400, "JOB_NAME", Code.INVALID_ARGUMENT),
    errors.ScheduleJobError: _job(500, "SCHEDULE_JOB", Code.INTERNAL),
    errors.GetJobError: _job(500, "GET_JOB", Code.INTERNAL),
    errors.ListJobsError: _job(500, "LIST_JOBS", Code.INTERNAL),
    errors.DeleteJobError: _job(500, "DELETE_JOB", Code.INTERNAL),
}
