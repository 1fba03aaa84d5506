"""Stage ``plan``: the resolved experiment, kept with its results so that a table always has its configuration."""

import json

from pydantic import Field

from ser.config.plan import Plan
from ser.files import embedded_checksum
from ser.files.atomic import write_text
from ser.jobs.job import File, Job


class PlanJob(Job):
    """One experiment."""

    plan: Plan = Field(description="The resolved experiment.")
    out: File = Field(description="plan.json to write.")


def plan(job: PlanJob) -> None:
    """Write the resolved experiment as readable JSON."""
    record = {embedded_checksum.KEY: embedded_checksum.BLANK, **job.plan.model_dump(mode="json")}
    write_text(job.out, json.dumps(record, indent=2, ensure_ascii=False) + "\n")
