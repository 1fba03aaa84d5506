"""The files of a report beside its page: every table as CSV, Markdown and LaTeX, every figure as SVG and PNG."""

from collections.abc import Iterator, Sequence

import pandas as pd
from matplotlib.figure import Figure

from ser.papers import verdicts
from ser.reports.drawings import attention, diagrams, figures
from ser.reports.gathered.tables import Table, latex, markdown
from ser.reports.material import Material
from ser.reports.sections import (
    audits,
    bounds,
    claims,
    contests,
    frames,
    gap,
    human,
    mistakes,
    paper_tables,
    provenance,
    ranking,
    reliabilities,
    speakers,
    standings,
)


def tables(shown: Material) -> dict[str, str]:
    """Return name and text of every file in ``tables/``."""
    files = {f"tables/{name}.csv": _csv(frame) for name, frame in _frames(shown).items()}
    for name, title, made in _texts(shown):
        files[f"tables/{name}.md"] = markdown(made, f"{shown.title}: {title}" if title else shown.title)
        files[f"tables/{name}.tex"] = latex(made)
    return files


def _frames(shown: Material) -> dict[str, pd.DataFrame]:
    return {
        "results": frames.results(shown.blocks, shown.intervals),
        "intervals": frames.intervals(shown.intervals, shown.warnings),
        "comparisons": _noted(shown.comparisons, shown),
        "gap": gap.frame(shown.gaps),
        "ranking": ranking.frame(shown.shifts),
        "recalls": frames.recalls(shown.blocks),
        "speakers": speakers.frame(shown.every_speaker),
        "calibration": reliabilities.frame(shown.every_reliability),
        "reliability": reliabilities.bins(shown.every_reliability),
        "raters": human.frame(shown.human),
        "mistakes": mistakes.frame(shown.every_mistake, words=shown.plan.experiment.words),
        "audit": audits.frame(shown.audits),
        "claims": claims.frame(shown.verdicts),
        "arithmetic": pd.DataFrame(shown.checks),
        "papers": paper_tables.frame(shown.papers),
        "transcripts": frames.transcripts(shown.heard),
        "runs": frames.runs(shown.records),
        "sources": provenance.frame(shown.sources),
    }


def _texts(shown: Material) -> Iterator[tuple[str, str, Sequence[Table]]]:
    """Yield file name, title and tables."""
    warning = " ".join(dict.fromkeys(shown.warnings.values()))
    yield "results", "", standings.results(shown.blocks, shown.intervals)
    yield "intervals", "intervals", bounds.tables(shown.blocks, shown.intervals)
    yield "comparisons", "systems against each other", contests.tables(shown.contests, shown.warnings)
    yield "gap", "what each leak adds", gap.tables(shown.gaps, shown.gains, warning)
    yield "ranking", "whether the ranking changes", ranking.tables(shown.shifts, shown.warnings)
    yield "recalls", "recall per class", standings.recalls(shown.blocks)
    yield "speakers", "speaker by speaker", [one for pair in shown.speakers for one in speakers.tables(*pair)]
    yield "calibration", "calibration", [one for pair in shown.reliabilities for one in reliabilities.tables(*pair)]
    yield "raters", "raters and systems", human.tables(shown.human)
    words = shown.plan.experiment.words
    made = [one for pair in shown.mistakes for one in mistakes.tables(*pair, words=words)]
    yield "mistakes", "most certain mistakes", made
    yield "audit", "leakage audit", audits.tables(shown.audits, shown.warnings)
    yield "claims", "the papers' claims", claims.tables(shown.verdicts, warning)
    arithmetic = claims.arithmetic(shown.checks, verdicts.shown(shown.verdicts))
    yield "arithmetic", "what the printed numbers say about themselves", arithmetic
    yield "papers", "the papers' tables", paper_tables.tables(shown.papers, warning)


def drawings(shown: Material) -> dict[str, Figure]:
    """Return name and figure of every file in ``figures/``."""
    warning = "\n".join(f"{corpus}: {text}" for corpus, text in shown.warnings.items())
    return {
        "confusions": figures.confusions(shown.results, warning),
        "curves": figures.curves(shown.results, warning),
        "gap": diagrams.gap(shown.gaps, warning),
        "calibration": diagrams.calibration(shown.every_reliability, warning),
        "speakers": diagrams.speakers(shown.every_speaker, warning),
        "sweeps": figures.sweeps(shown.plan.experiment.sweeps, shown.results, warning),
        "attention": attention.figure(shown.subject, warning),
    }


def _noted(frame: pd.DataFrame, shown: Material) -> pd.DataFrame:
    return frame.assign(note=[shown.warnings.get(corpus, "") for corpus in frame["corpus"]])


def _csv(frame: pd.DataFrame) -> str:
    return frame.to_csv(index=False, lineterminator="\n")
