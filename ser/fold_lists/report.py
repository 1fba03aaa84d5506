"""The audit of fold lists as a table, a CSV file and a page."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ser.errors import SerError
from ser.files.atomic import write_text
from ser.fold_lists.audit import CorpusAudit
from ser.fold_lists.naming import FACTS
from ser.report import page, table
from ser.report.formats import NONE, Format, count
from ser.report.table import Column, Table
from ser.user_table.fold_lists import corpus_name

TITLE = "What published fold lists share between train and test"
LEAD = (
    "Read from the names of the recordings alone, by one small grammar per corpus. A share counts the test utterances "
    "of all folds whose speaker, sentence, dialog or session occurs in the train part of the same fold."
)
MEANING = "test utterances of which train has it, in percent of those whose names tell it"
UNKNOWN = "unknown"
ORDER = ("shared", "partly shared", "one speaker", "unknown", "no train list", "held out")
COUNT = Format(count, int)
SHARE = Format(lambda share: f"{100 * share:.1f} %", lambda share: round(share, 6))
PERCENT = Format(lambda value: f"{value:.2f}", lambda value: value)


def rows(audits: Sequence[CorpusAudit]) -> list[CorpusAudit]:
    """Return the audits in the order of the tables: corpora with shared speakers first, then by name."""
    return sorted(audits, key=lambda one: (ORDER.index(one.answer), one.corpus))


def overview(audits: Sequence[CorpusAudit], scores: Mapping[str, float] | None = None) -> Table:
    """Return one row per corpus; scores: by corpus, a printed UA in percent."""
    columns = [
        Column("corpus", "Corpus"),
        Column("utterances", "Utterances", format=COUNT),
        Column("folds", "Folds", format=COUNT),
        Column("classes", "Classes", lambda one: len(one.classes), COUNT),
        Column("speakers", "Speakers", lambda one: one.speakers, COUNT, "that the names tell"),
        Column("answer", "Test speakers", meaning="whether train has them"),
        *(column for fact in FACTS for column in _numbers(fact)),
        Column("", "Speaker in train", partial(_words, facts=("speaker",)), meaning=MEANING),
        Column("", "Sentence in train", partial(_words, facts=("sentence",)), meaning=MEANING),
        Column("", "Dialog, session in train", partial(_words, facts=("dialog", "session")), meaning=MEANING),
        Column("faults", "Faults of the lists", lambda one: "; ".join(one.faults)),
    ]
    if scores is not None:
        columns.insert(-1, Column("best_ua", "Best printed UA", lambda one: scores.get(one.corpus), PERCENT))
    return Table("Test utterances that share something with train", columns, rows(audits), source=("audit.csv",))


def write(audits: Sequence[CorpusAudit], counts: pd.DataFrame, one: Table, folder: Path) -> None:
    """Write audit.csv, audit.md, class_counts.csv and index.html into ``folder``, all or none of each."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "audit.csv": table.csv(table.frame([one])),
        "audit.md": table.markdown([one], TITLE),
        "class_counts.csv": table.csv(counts),
        "index.html": _page(audits, one),
    }
    for name, text in files.items():
        write_text(folder / name, text)


def best_scores(file: Path) -> dict[str, float]:
    """Return the highest ``ua`` of each ``corpus`` in a CSV file of printed scores, in percent."""
    try:
        printed = pd.read_csv(file)
        best = printed.assign(corpus=printed["corpus"].map(corpus_name)).groupby("corpus")["ua"].max()
    except (OSError, ValueError, KeyError) as error:
        raise SerError(f"{file} is no CSV file with the columns corpus and ua: {error}.") from error
    return {str(name): float(value) for name, value in best.items()}


def _numbers(fact: str) -> tuple[Column, Column]:
    """Return the columns of the CSV file: a share, empty where it is unknown, and its base."""

    def share(one: CorpusAudit) -> float | None:
        seen = one.seen[fact]
        return None if seen is None else seen.share

    def known(one: CorpusAudit) -> int | None:
        seen = one.seen[fact]
        return None if seen is None else seen.known

    return Column(f"{fact}_in_train", "", share, SHARE), Column(f"{fact}_known", "", known, COUNT)


def _words(one: CorpusAudit, facts: Sequence[str]) -> str:
    """Return the shares of those of ``facts`` that the names tell, in words."""
    stated = []
    for fact in facts:
        seen = one.seen[fact]
        if seen is None:
            return NONE
        if seen.share is not None:
            rest = f" of {count(seen.known)} known" if seen.known < seen.tested else ""
            stated.append(f"{f'{fact} ' if len(facts) > 1 else ''}{SHARE.text(seen.share)}{rest}")
    return ", ".join(stated) or UNKNOWN


def _page(audits: Sequence[CorpusAudit], one: Table) -> str:
    folder = page.TEMPLATES
    jinja = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    css = Markup((folder / "page.css").read_text(encoding="utf-8"))
    stated = {answer: sum(audit.answer == answer for audit in audits) for answer in ORDER}
    return jinja.get_template("lists.html").render(css=css, title=TITLE, lead=LEAD, answers=stated, one=one)
