"""Stage ``report``: the tables, figures and page of an experiment, from its runs and scores."""

from pydantic import Field

from ser.config.plan import read_plan
from ser.files.atomic import atomic_write
from ser.jobs.job import File, Job
from ser.report.data.experiment import TABLES, read
from ser.report.files import files


class ReportJob(Job):
    """All runs of one experiment."""

    plan: File = Field(description="plan.json of the experiment.")
    scores: File = Field(description="Score table of exactly these runs.")
    confusions: File = Field(description="Confusion table of the same.")
    intervals: File = Field(description="Table of intervals.")
    comparisons: File = Field(description="Table of paired comparisons.")
    contrasts: File = Field(description="Table of declared contrasts.")
    out: File = Field(description="Folder to write: index.html, tables/* and figures/*.")


def report(job: ReportJob) -> None:
    """Write the tables, figures and page of an experiment, each file atomically.

    SerError for runs that are missing, damaged or of another version of their protocol, and for tables of other runs.
    """
    data = read(read_plan(job.plan), {name: getattr(job, name) for name in TABLES})
    for name, content in files(data):
        with atomic_write(job.out / name) as partial:
            partial.write_bytes(content)
