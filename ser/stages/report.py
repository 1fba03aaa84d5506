"""Stage ``report``: the tables, figures and page of an experiment, from its runs and scores."""

from pathlib import Path

from ser.config.plan import Plan
from ser.errors import SerError
from ser.files.atomic import atomic_write
from ser.report.data.experiment import ScoreTables, read
from ser.report.files import files


def report(*, plan: Plan, scores: Path, confusions: Path, intervals: Path, comparisons: Path, out: Path) -> None:
    """Write ``index.html``, ``tables/*`` and ``figures/*`` into ``out``, each file whole or not at all.

    scores, confusions: the tables of the score stage for exactly the runs of ``plan``; intervals, comparisons: those of
    the compare stage. SerError for runs that are missing, damaged or of another version of their protocol, and for
    tables of other runs.
    """
    if not plan.runs():
        raise SerError(f"{out}: the experiment '{plan.experiment.name}' selects no runs; there is nothing to report.")
    data = read(plan, ScoreTables(scores, confusions, intervals, comparisons))
    for name, content in files(data):
        with atomic_write(out / name) as partial:
            partial.write_bytes(content)
