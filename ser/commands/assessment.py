"""The verb that tests a trained system on a corpus."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer


def assess(
    model: Annotated[Path, typer.Argument(help="A bundle, the folder of a run, or an experiment.")],
    corpus: Annotated[str, typer.Argument(help="Name of a prepared corpus, a folder in data/.")],
    out: Annotated[Path | None, typer.Option(help="CSV file to write as well.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the noise, and of the voices that babble is made of.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:<n>.")] = "cpu",
    threads: Annotated[int, typer.Option(help="CPU threads of a network.")] = 1,
) -> None:
    """Test a trained system on a corpus that it was not trained on: correctness, fairness, robustness, consistency.

    Limits are stated in ser/evaluation/model_tests.py and printed. A test is passed or failed where its interval, for
    other speakers, is on one side of the limit, else undecided. Exit code 1 where one is failed.
    """
    from ser.evaluation.model_tests import VERDICTS
    from ser.inference import assessment, models
    from ser.inference.system import ready
    from ser.terminal import aligned

    trained = models.find(model)
    given = assessment.utterances(trained, corpus, seed)
    found = list(assessment.findings(ready(trained, device, threads), given))
    rows = [["kind", "test", "value", "interval", "limit", "verdict"]]
    for one in found:
        interval = "" if one.low != one.low else f"[{one.low:.3f}, {one.high:.3f}]"
        limit = f"{'≥' if one.at_least else '≤'} {one.limit:.3g}"
        value = "–" if one.value != one.value else f"{one.value:.3f}"
        rows.append([one.kind, one.test, value, interval, limit, one.verdict])
    print(f"{trained.name} on {len(given.rows)} utterances of {corpus}")
    if trained.contents.run["corpus"] == corpus and (leaks := trained.contents.protocol.leaks):
        print(f"not of other people or recordings: by its protocol, training and test share {', '.join(leaks)}")
    print(aligned(rows))
    counts = Counter(one.verdict for one in found)
    print(", ".join(f"{counts[name]} {name}" for name in VERDICTS if counts[name]))
    if out is not None:
        assessment.write(found, out)
    if counts["failed"]:
        raise typer.Exit(1)
