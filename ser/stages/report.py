"""Stage ``report``: the tables, figures and page of an experiment, from its runs and scores."""

import os
from pathlib import Path

from ser import contracts, layout
from ser.config.schema import Plan
from ser.errors import SerError
from ser.evaluation.published import Published, published
from ser.evaluation.word_errors import word_errors
from ser.progress import progress
from ser.reports import attention, figures, frames, page, papers, tables
from ser.reports.frames import Heard
from ser.reports.gap import gaps
from ser.reports.results import Block, gather
from ser.reports.runs import Record, read


def report(*, plan: Plan, scores: Path, confusions: Path, out: Path) -> None:
    """Write ``index.html``, ``tables/*`` and ``figures/*`` into ``out``, each file whole or not at all.

    scores, confusions: the tables of the score stage for exactly the runs of ``plan``. SerError for runs that are
    missing, torn or of another version of their protocol, and for scores of other runs.
    """
    runs = plan.runs()
    if not runs:
        raise SerError(f"{out}: the experiment '{plan.experiment.name}' selects no runs; there is nothing to report.")
    records = [read(run, plan) for run in progress(runs, total=len(runs), unit="runs")]
    values = contracts.read(contracts.SCORES, scores).to_pandas()
    counts = contracts.read(contracts.CONFUSIONS, confusions).to_pandas()
    blocks = gather(records, values, counts, _beside(plan))
    heard = _transcripts(plan)
    for name, content in {**_tables(plan, blocks, records, heard), **_figures(plan, blocks)}.items():
        _write(out / name, content)
    text = page.render(experiment=plan.experiment, blocks=blocks, gaps=gaps(blocks), records=records, transcripts=heard)
    _write(out / "index.html", text.encode())


def _beside(plan: Plan) -> dict[tuple[str, str], list[Published]]:
    """Return the published numbers of the plan's systems by paper and the paper's name of the system."""
    named = {
        (paper, name) for recipe in plan.systems.values() for paper, names in recipe.published.items() for name in names
    }
    return {(paper, system): published(paper, system) for paper, system in named}


def _transcripts(plan: Plan) -> list[Heard]:
    """Return the word errors of every recognised transcript that a system of the plan reads."""
    read: dict[tuple[str, str], None] = {}
    for run in plan.runs():
        words = plan.systems[run.system].inputs.words
        if words is not None and words.transcript != "given":
            read[run.corpus, words.transcript] = None
    return [Heard(*one, word_errors(layout.transcripts(*one), plan.shards.get(one[0]))) for one in read]


def _tables(plan: Plan, blocks: list[Block], records: list[Record], heard: list[Heard]) -> dict[str, bytes]:
    title = plan.experiment.title or plan.experiment.name
    every = [result for block in blocks for result in block.results]
    warning = " ".join(dict.fromkeys(block.warning for block in blocks if block.warning))
    beside = papers.paper_tables(every)
    printed = papers.tables(beside, warning)
    shown = [*tables.results(blocks), *tables.gap_table(gaps(blocks))]
    recalls = tables.recalls(blocks)
    files = {
        "tables/results.md": tables.markdown(shown, title),
        "tables/results.tex": tables.latex(shown),
        "tables/recalls.md": tables.markdown(recalls, f"{title}: recall per class"),
        "tables/recalls.tex": tables.latex(recalls),
        "tables/papers.md": tables.markdown(printed, f"{title}: the papers' tables"),
        "tables/papers.tex": tables.latex(printed),
        "tables/papers.csv": papers.frame(beside).to_csv(index=False, lineterminator="\n"),
        "tables/transcripts.csv": frames.transcripts(heard).to_csv(index=False, lineterminator="\n"),
        "tables/results.csv": frames.results(blocks).to_csv(index=False, lineterminator="\n"),
        "tables/recalls.csv": frames.recalls(blocks).to_csv(index=False, lineterminator="\n"),
        "tables/runs.csv": frames.runs(records).to_csv(index=False, lineterminator="\n"),
    }
    return {name: text.encode() for name, text in files.items()}


def _figures(plan: Plan, blocks: list[Block]) -> dict[str, bytes]:
    results = [result for block in blocks for result in block.results]
    warned = dict.fromkeys(f"{block.corpus}: {block.warning}" for block in blocks if block.warning)
    warning = "\n".join(warned)
    drawn = {
        "confusions": figures.confusions(results, warning),
        "curves": figures.curves(results, warning),
        "gap": figures.gap(gaps(blocks), warning),
        "sweeps": figures.sweeps(plan.experiment.sweeps, results, warning),
        "attention": attention.figure(attention.subject(plan.runs(), plan.experiment.utterance), warning),
    }
    kinds = ("svg", "png")
    return {f"figures/{name}.{kind}": figures.encode(figure, kind) for name, figure in drawn.items() for kind in kinds}


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
