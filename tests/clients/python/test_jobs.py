"""Jobs, which need a scheduler that is not there: what Dapr's Python client is told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.python.speaking import Client, refused
from tests.e2e.sidecars import Sidecar

FORMS = ["", "_alpha1"]


def job() -> Any:
    from dapr.clients import Job

    return Job(name="job", schedule="@every 1h")


@pytest.mark.parametrize("form", FORMS)
async def test_job_is_not_taken(dapr: Client, running: Sidecar, form: str) -> None:
    calls = {"schedule_job": job(), "get_job": "job", "delete_job": "job"}
    for method, told in calls.items():
        with refused("INTERNAL", "scheduler"):
            await dapr.call(f"{method}{form}", told)

    assert (await running.call("GET", "/v1.0/healthz")).status == 204
