"""Stage ``report``: the tables, figures and page of an experiment, from its runs and scores."""

from pathlib import Path

import pandas as pd

from ser import layout
from ser.config.plan import Plan
from ser.errors import SerError
from ser.evaluation.word_errors import TranscriptErrors, word_errors
from ser.files.atomic import atomic_write
from ser.jobs.progress import progress
from ser.papers.published import Published, published
from ser.reports import files, page
from ser.reports.drawings import attention, figures
from ser.reports.gathered import answers
from ser.reports.gathered.results import gather
from ser.reports.gathered.runs import read
from ser.reports.material import Material
from ser.reports.sections.audits import Audit, audits
from ser.reports.sections.bounds import bounds
from ser.reports.sections.mistakes import Said
from ser.tables import contracts
from ser.tables.audit_tables import AUDIT
from ser.text import transcripts


def report(*, plan: Plan, scores: Path, confusions: Path, intervals: Path, comparisons: Path, out: Path) -> None:
    """Write ``index.html``, ``tables/*`` and ``figures/*`` into ``out``, each file whole or not at all.

    scores, confusions: the tables of the score stage for exactly the runs of ``plan``; intervals, comparisons: those of
    the compare stage. SerError for runs that are missing, torn or of another version of their protocol, and for tables
    of other runs.
    """
    runs = plan.runs()
    if not runs:
        raise SerError(f"{out}: the experiment '{plan.experiment.name}' selects no runs; there is nothing to report.")
    records = [read(run, plan) for run in progress(runs, total=len(runs), unit="runs")]
    blocks = gather(
        records,
        contracts.read(contracts.SCORES, scores).to_pandas(),
        contracts.read(contracts.CONFUSIONS, confusions).to_pandas(),
        _beside(plan),
    )
    spans = contracts.read(contracts.INTERVALS, intervals).to_pandas()
    shown = Material(
        plan=plan,
        records=records,
        blocks=blocks,
        answers=answers.read(runs),
        intervals=bounds(spans, [result for block in blocks for result in block.results]),
        comparisons=contracts.read(contracts.COMPARISONS, comparisons).to_pandas(),
        audits=_audits(plan),
        raters=_raters(plan),
        heard=_transcripts(plan),
        subject=attention.subject(runs, plan.experiment.utterance),
        said=_said(plan) if plan.experiment.words else {},
    )
    for name, text in files.tables(shown).items():
        _write(out / name, text.encode())
    for name, figure in files.drawings(shown).items():
        for kind in ("svg", "png"):
            _write(out / f"figures/{name}.{kind}", figures.encode(figure, kind))
    _write(out / "index.html", page.render(shown).encode())


def _beside(plan: Plan) -> dict[tuple[str, str], list[Published]]:
    """Return the published numbers of the plan's systems by paper and the paper's name of the system."""
    named = {
        (paper, name) for recipe in plan.systems.values() for paper, names in recipe.published.items() for name in names
    }
    return {(paper, system): published(paper, system) for paper, system in named}


def _audits(plan: Plan) -> list[Audit]:
    """Return what the audit stage found under every protocol that it looked at."""
    pairs = dict.fromkeys((run.corpus, run.protocol) for run in plan.runs())
    paths = [path for pair in pairs if (path := layout.audit(*pair)).is_file()]
    return audits(contracts.read(AUDIT, path).to_pylist() for path in paths)


def _raters(plan: Plan) -> dict[str, pd.DataFrame]:
    """Return utterance and raters of every corpus whose manifest is there and names any."""
    found = {}
    for corpus in plan.experiment.corpora():
        path = layout.manifest(corpus)
        if path.is_file():
            rows = contracts.read(contracts.MANIFEST, path).select(["utterance", "raters"])
            if rows["raters"].null_count < rows.num_rows:
                found[corpus] = rows.to_pandas()
    return found


def _said(plan: Plan) -> Said:
    """Return what was said in every utterance, as each corpus has it and as the recognisers of the runs heard it."""
    said = {}
    for corpus in plan.experiment.corpora():
        path = layout.manifest(corpus)
        rows = contracts.read(contracts.MANIFEST, path).select(["utterance", "text"]).to_pylist()
        said[corpus, "given"] = {row["utterance"]: row["text"] or "" for row in rows}
    for corpus, transcript in _recognised(plan):
        table = transcripts.read(layout.transcripts(corpus, transcript), plan.shards.get(corpus))
        texts = zip(table["utterance"].to_pylist(), table["text"].to_pylist(), strict=True)
        said[corpus, transcript] = dict(texts)
    return said


def _transcripts(plan: Plan) -> list[TranscriptErrors]:
    """Return the word errors of every recognised transcript that a system of the plan reads."""
    return [
        TranscriptErrors(*one, word_errors(layout.transcripts(*one), plan.shards.get(one[0])))
        for one in _recognised(plan)
    ]


def _recognised(plan: Plan) -> list[tuple[str, str]]:
    """Return corpus and name of every transcript that a system of the plan reads and that is not the corpus's own."""
    read: dict[tuple[str, str], None] = {}
    for run in plan.runs():
        words = plan.systems[run.system].inputs.words
        if words is not None and words.transcript != "given":
            read[run.corpus, words.transcript] = None
    return list(read)


def _write(path: Path, content: bytes) -> None:
    with atomic_write(path) as partial:
        partial.write_bytes(content)
