"""Jobs, as far as a sidecar without a scheduler goes: what a request lacks, and that nobody keeps its job."""

from __future__ import annotations

import logging
from typing import NoReturn

from ..config import RuntimeConfig
from ..errors import NotOfferedError
from ..errors.controlplane import (
    DeleteJobError,
    GetJobError,
    JobEmptyError,
    JobError,
    JobNamedTwiceError,
    JobNameEmptyError,
    JobScheduleEmptyError,
    ListJobsError,
    ScheduleJobError,
)

logger: logging.Logger = logging.getLogger(__name__)

#: The namespace of a sidecar that was told of none, as daprd calls it.
NAMESPACE = "default"


class Jobs:
    """Answers requests about jobs with what is wrong with them, and else with the lack of a scheduler."""

    def __init__(self, config: RuntimeConfig) -> None:
        self._scheduled = bool(config.scheduler_addresses)
        self._app = {"appID": config.app_id}
        self._facts = {**self._app, "namespace": config.namespace or NAMESPACE}
        if not self._scheduled:
            logger.info("No scheduler host addresses provided. Scheduler disabled")
        else:
            logger.warning("scheduler-host-address is set, but jobs are not offered yet")

    def check_unnamed(self, name: str) -> None:
        """
        Return if a body leaves the name to the URL.

        Raises:
            JobNamedTwiceError: it has one.
        """
        if name:
            raise JobNamedTwiceError(self._app)

    def schedule(self, name: str, *, timed: bool, empty: bool = False) -> NoReturn:
        """Refuse to keep a job; ``timed`` is one that says when it is due, ``empty`` none at all."""
        if empty:
            raise JobEmptyError(self._facts)
        self._check_named(name)
        if not timed:
            raise JobScheduleEmptyError(self._facts)
        self._refuse(ScheduleJobError(self._facts))

    def get(self, name: str) -> NoReturn:
        """Refuse to tell of a job."""
        self._check_named(name)
        self._refuse(GetJobError(self._facts))

    def delete(self, name: str) -> NoReturn:
        """Refuse to remove a job."""
        self._check_named(name)
        self._refuse(DeleteJobError(self._facts))

    def delete_many(self) -> NoReturn:
        """Refuse to remove the jobs whose names begin so."""
        self._refuse(DeleteJobError(self._facts))

    def list(self) -> NoReturn:
        """Refuse to tell of all jobs."""
        self._refuse(ListJobsError(self._facts))

    def _check_named(self, name: str) -> None:
        if not name:
            raise JobNameEmptyError(self._facts)

    def _refuse(self, error: JobError) -> NoReturn:
        if self._scheduled:
            raise NotOfferedError("the jobs API, with a scheduler,")
        logger.error("%s", error)
        raise error
