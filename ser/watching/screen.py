"""Trainings as text: a table per corpus and protocol, with the curves of the dev score and of the training loss."""

from collections.abc import Sequence
from itertools import chain, groupby

from ser.layout import FOR_USE
from ser.terminal import aligned, sparkline
from ser.watching.trainings import RECENT, Progress, WatchedTraining

NARROWEST, WIDEST = 8, 40  # columns of a curve
GAP = "  "
SCORES = {"dev_ua": "dev UA (%)", "dev_wa": "dev WA (%)", "dev_loss": "dev loss", "dev_ccc": "dev CCC"}


def page(trainings: Sequence[WatchedTraining], progress: Progress | None, width: int, blocks: bool) -> list[str]:
    """Return the lines to display, at most ``width`` columns each. blocks: the terminal has block characters."""
    listed = [one for one in trainings if one.state in ("running", "finished") or one.silent < RECENT]
    lines = [summary(trainings, progress)]
    if older := len(trainings) - len(listed):
        lines.append(f"not listed: {older} without a line for more than a day")
    for (corpus, protocol), members in groupby(listed, key=lambda one: one.run[:2]):
        lines += ["", f"{corpus}, {protocol}", *_table(list(members), width, blocks)]
    return [line[:width] for line in lines]


def summary(trainings: Sequence[WatchedTraining], progress: Progress | None) -> str:
    """Return one line: how many trainings are in which state, and how many runs of the experiment are finished."""
    states = [one.state for one in trainings]
    counts = [
        f"{states.count(state)} {state}" for state in ("running", "stalled", "failed", "killed") if state in states
    ]
    text = ", ".join(counts) or "no training runs"
    if progress is None:
        return f"Trainings: {text}"
    return f"{progress.experiment}: {progress.finished} of {progress.runs} runs finished; trainings: {text}"


def _table(trainings: list[WatchedTraining], width: int, blocks: bool) -> list[str]:
    """Return the rows of one protocol, with both curves at their end, or below each row where that is too narrow."""
    score = trainings[0].score  # one protocol, one selection
    curves = {score: SCORES[score].removesuffix(" (%)"), "train_loss": "train loss"}
    rows = [
        ["system", "seed", "fold", "state", "epoch", SCORES[score], "best (epoch)", "left", "s/epoch", "rate"],
        *(_cells(one, score) for one in trainings),
    ]
    room = min(WIDEST, (width - max(map(len, aligned(rows).split("\n")))) // 2 - len(GAP))
    if room >= NARROWEST:
        rows[0] += [title[:room] for title in curves.values()]
        for row, one in zip(rows[1:], trainings, strict=True):
            row += [sparkline(one.curve(name), room, blocks=blocks) for name in curves]
        return aligned(rows).split("\n")
    head, *lines = aligned(rows).split("\n")
    room = min(WIDEST, (width - sum(map(len, curves.values()))) // 2 - 2 * len(GAP))
    below = [
        "".join(f"{GAP}{title} {sparkline(one.curve(name), room, blocks=blocks)}" for name, title in curves.items())
        for one in trainings
    ]
    return [head, *chain.from_iterable(zip(lines, below, strict=True))]


def _cells(one: WatchedTraining, score: str) -> list[str]:
    run, rows = one.run, one.epochs.rows
    last = rows[-1] if rows else {}
    total = "" if one.total is None else f"/{one.total}"
    kept = next((row for row in rows if row["epoch"] == last.get("best")), None)
    rate = last.get("learning_rate")
    return [
        run.system,
        str(run.seed),
        "use" if run.fold == FOR_USE else str(run.fold),
        one.state if one.state in ("running", "finished") else f"{one.state}, {duration(one.silent)}",
        f"{last.get('epoch', 0)}{total}",
        _value(last, score),
        "-" if kept is None else f"{_value(kept, score)} ({kept['epoch']})",
        "-" if one.left is None else duration(one.left),
        "-" if one.seconds is None else f"{one.seconds:.3g}",
        "-" if rate is None else f"{rate:.2g}",
    ]


def _value(row: dict[str, float | None], score: str) -> str:
    value = row.get(score)
    if value is None:
        return "-"
    if score in ("dev_loss", "dev_ccc"):
        return f"{value:.4f}" if score == "dev_loss" else f"{value:.3f}"
    return f"{100 * value:.1f}"


def duration(seconds: float) -> str:
    """Return a time in seconds, minutes or hours: ``45 s``, ``12 min``, ``3.5 h``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
