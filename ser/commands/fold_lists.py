"""The verb that audits published fold lists, without audio."""

from pathlib import Path
from typing import Annotated

import typer


def audit_lists(
    lists: Annotated[
        Path,
        typer.Argument(help="A table (CSV, Parquet: corpus, key, path, label, fold, part), or EmoBox's folder data."),
    ],
    out: Annotated[Path, typer.Option(help="Folder to write: audit.csv, audit.md, class_counts.csv, index.html.")],
    names: Annotated[
        Path | None, typer.Option(help="YAML file that says how names are read; default: the 32 corpora of EmoBox.")
    ] = None,
    scores: Annotated[Path | None, typer.Option(help="CSV file of printed scores: corpus, ua (percent).")] = None,
) -> None:
    """Audit fold lists by the names of the recordings: do test speakers, sentences, dialogs or sessions occur in train?

    What a corpus's names do not tell is unknown. Faults of the lists are named: utterances that are listed twice, in
    two parts or with two labels, classes that a part lacks.
    """
    from ser.fold_lists import audit, naming, report
    from ser.terminal import aligned
    from ser.user_table import fold_lists

    grammar = naming.shipped() if names is None else naming.namings(names)
    best = None if scores is None else report.best_scores(scores)
    read = fold_lists.read(lists)
    found = audit.audit(read, grammar)
    table = report.overview(found, best)
    report.write(found, audit.class_counts(read), table, out)
    columns = table.text_columns
    print(aligned([[column.title for column in columns], *([one.cell(row) for one in columns] for row in table.rows)]))
    print(f"\nPage: {out / 'index.html'}")
