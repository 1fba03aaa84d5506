"""The page of ``ser inspect``: a corpus found, surveyed, and described section by section."""

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ser.audio.formats import SUFFIXES
from ser.config import read
from ser.config.options import with_options
from ser.config.schema import Corpus
from ser.errors import SerError, printable
from ser.files.atomic import write_text
from ser.files.listing import recordings
from ser.input_checks import BY_NAME
from ser.inspection import findings
from ser.inspection.draft import draft, name_of, write_table
from ser.inspection.guess import guessed
from ser.inspection.release import Release, release
from ser.preparation.accepted_rows import accepted_rows
from ser.preparation.corpus_root import check_recordings
from ser.preparation.ratings import stated_scale
from ser.preparation.survey import survey

Section = tuple[str, str]  # title and text


def inspected(
    path: Path, adapter: str | None, options: Mapping[str, Any], draft_to: Path | None, jobs: int, config: Path
) -> str:
    """Return the page about the recordings at ``path``; write a draft of the configuration to ``draft_to``.

    adapter: that of a released corpus, found if None. options: of the adapter. SerError where there is nothing to read,
    or where the rows have one name.
    """
    if draft_to is not None:
        _check_new(draft_to)
    table = options.get("table")
    found = release(path, adapter, None if table is None else str(table))
    if found.adapter == "table" and not found.options:
        if options:
            raise SerError(f"{path}: {found.remark}. Name the table to which the options apply: --option table=FILE.")
        return _without_table(found, draft_to)
    settings = Corpus(adapter=found.adapter, root=str(found.root), options=found.options | dict(options))
    settings = with_options(settings, "--option")
    found = Release(found.adapter, found.root, settings.options, found.remark)
    settings = settings.model_copy(update={"allow": tuple(BY_NAME)})  # the page lists faults of every kind
    return _text(_sections(found, settings, draft_to, jobs, config))


def _sections(found: Release, settings: Corpus, draft_to: Path | None, jobs: int, config: Path) -> Iterator[Section]:
    name = name_of(found)
    surveyed = survey(name, settings, found.root, jobs)
    those = surveyed.usable
    card = settings.load().CARD
    remark = f"\n{found.remark}." if found.remark else ""
    yield f"{card.title}: {found.root}", f"read by the adapter '{found.adapter}'{remark}"
    if not those:
        _check_root(name, settings, found)
        yield "Left out", findings.listed([*surveyed.faults, *surveyed.left_out])
        return
    yield "Recordings", findings.recordings(those)
    yield "People and texts", findings.people(those)
    yield "Emotions", findings.emotions(those)
    yield "Ratings", findings.ratings(those, stated_scale(settings, found.root))
    yield "The same sound twice", findings.overlaps(those)
    faults = [fault for fault in (*surveyed.faults, *surveyed.left_out) if fault.kind in BY_NAME]
    yield "Faults: each has to be mended, or accepted by its switch", findings.listed(faults)
    yield "Not taken", findings.listed(fault for fault in surveyed.left_out if fault.kind not in BY_NAME)
    noted = findings.warnings(surveyed, settings)
    yield "Warnings: nothing is left out", findings.listed(noted)
    protocols = findings.possible(surveyed, settings, read.shipped(config)[0])
    yield "Protocols", findings.listed_protocols(protocols)
    silent = any(fault.kind == "silence" for fault in noted)
    text = draft(found, findings.preferred(protocols), faults, silent, draft_to)
    if draft_to is None:
        yield "Draft of a configuration (--draft FILE writes it)", text
    else:
        write_text(draft_to, text)
        yield f"Draft of a configuration, written to {draft_to}", text


def _check_root(name: str, settings: Corpus, found: Release) -> None:
    """Raise SerError where no recording is below the root, with the command that takes another root."""
    try:
        check_recordings(name, settings, found.root, accepted_rows(settings, found.root)[0])
    except SerError as error:
        if found.adapter != "table":
            raise
        table = shlex.quote(f"table={(found.root / found.options['table']).resolve()}")
        raise SerError(f"{error} 'ser inspect FOLDER --option {table}' reads the table with FOLDER as root.") from error


def _without_table(found: Release, draft_to: Path | None) -> str:
    """Return what the names of recordings without a table tell; write a first table next to the draft."""
    rows = guessed(recordings(found.root, SUFFIXES, links=True))
    known = {column: sum(bool(row[index]) for row in rows) for index, column in ((1, "emotion"), (2, "speaker"))}
    summary = f"{len(rows)} recordings without a table of labels. Their names tell " + ", ".join(
        f"the {column} of {count}" for column, count in known.items()
    )
    sections = [(str(found.root), f"{summary}.\n{found.remark}.")]
    if draft_to is None:
        advice = "'--draft FILE' writes a first table with what the names tell; check it and fill in the rest."
        return _text([*sections, ("Next", advice)])
    table = draft_to.with_suffix(".csv")
    write_table(rows, table)
    write_text(
        draft_to, draft(Release("table", found.root, {"table": str(table.resolve())}), None, [], False, draft_to)
    )
    again = shlex.join(["ser", "inspect", str(found.root), "--option", f"table={table.resolve()}"])
    advice = f"Written: the table {table} and the draft {draft_to}. Check both, then run `{again}`."
    return _text([*sections, ("Next", advice)])


def _check_new(path: Path) -> None:
    """Raise SerError unless a draft can be written to ``path``, before hours of recordings are read."""
    if path.exists():
        raise SerError(f"{path}: exists already and is not written over.")
    if path.suffix not in (".yaml", ".yml"):
        raise SerError(f"{path}: the name of a draft ends in .yaml.")
    if not path.parent.is_dir():
        raise SerError(f"{path}: the folder {path.parent} does not exist.")


def _text(sections: Iterator[Section] | list[Section]) -> str:
    page = "\n\n".join(f"{title}\n{'-' * min(len(title), 100)}\n{text}" for title, text in sections if text)
    return printable(page)
