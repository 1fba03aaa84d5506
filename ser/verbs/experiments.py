"""The verbs from a fold to a report."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from ser.jobs.devices import granted
from ser.verbs.arguments import Corpus, Gpus, JobsPerGpu, Out, PlanFile, Shards, Threads


def train(
    corpus: Corpus,
    protocol: Annotated[str, typer.Option(help="Name of the protocol.")],
    system: Annotated[str, typer.Option(help="Name of the system.")],
    recipe: Annotated[str, typer.Option(help="The system's recipe, as JSON.")],
    seed: Annotated[int, typer.Option(help="Seed of weights and batches.")],
    fold: Annotated[int, typer.Option(help="Fold to train and test.")],
    folds: Annotated[Path, typer.Option(help="Fold table of the protocol.")],
    out: Out,
    features: Annotated[list[str] | None, typer.Option(help="feature=folder, once per feature of the recipe.")] = None,
    transcripts: Annotated[Path | None, typer.Option(help="Folder of transcripts, for a recipe with words.")] = None,
    embedding: Annotated[Path | None, typer.Option(help="Word vectors to start from.")] = None,
    threads: Threads = 1,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:<n>.")] = "auto",
    gpus: Gpus = 1,
    jobs_per_gpu: JobsPerGpu = 1,
    code: Annotated[str, typer.Option(help="Fingerprint of the code, kept in run.json.")] = "",
    shards: Shards = None,
) -> None:
    """Train one system on one fold with one seed, predict its test part."""
    from ser import catalog
    from ser.config.schema import Recipe
    from ser.layout import Run
    from ser.stages.train import train as stage

    entry = Recipe.model_validate_json(recipe)
    catalog.expect(code, "ser.stages.train", f"ser.models.{entry.model}")
    network = catalog.constant("models", entry.model, "KIND") != "estimator"
    with granted(gpus if network else 0, device, jobs_per_gpu) as place:
        stage(
            run=Run(corpus, protocol, system, seed, fold),
            recipe=entry,
            folds=folds,
            features={name: Path(folder) for name, _, folder in (item.partition("=") for item in features or ())},
            out=out,
            transcripts=transcripts,
            embedding=embedding,
            threads=threads,
            device=place,
            code=code,
            shards=shards,
        )


def plan(out: Out) -> None:
    """Keep the resolved experiment, JSON on standard input, beside its results."""
    from ser.config.plan import Plan
    from ser.stages.plan import plan as stage

    stage(plan=Plan.model_validate_json(sys.stdin.read()), out=out)


def score(
    plan: PlanFile,
    scores: Annotated[Path, typer.Option(help="Score table to write.")],
    confusions: Annotated[Path, typer.Option(help="Confusion table to write.")],
) -> None:
    """Compute metrics, recalls and confusions of every run of an experiment."""
    from ser.stages.plan import read_plan
    from ser.stages.score import score as stage

    given = read_plan(plan)
    stage(runs=given.runs(), scores=scores, confusions=confusions, metrics=given.experiment.metrics)


def compare(
    plan: PlanFile,
    comparisons: Annotated[Path, typer.Option(help="Table of paired comparisons to write.")],
    intervals: Annotated[Path, typer.Option(help="Table of intervals to write.")],
    method: Annotated[str, typer.Option(help="Of the intervals: jackknife or bootstrap.")] = "jackknife",
) -> None:
    """Compute the interval of every system, and compare every two of a protocol."""
    from ser.stages.compare import compare as stage
    from ser.stages.plan import read_plan

    given, paths = read_plan(plan), {"comparisons": comparisons, "intervals": intervals}
    stage(runs=given.runs(), **paths, method=method, metrics=given.experiment.metrics)


def report(
    plan: PlanFile,
    scores: Annotated[Path, typer.Option(help="Score table.")],
    confusions: Annotated[Path, typer.Option(help="Confusion table.")],
    intervals: Annotated[Path, typer.Option(help="Table of intervals.")],
    comparisons: Annotated[Path, typer.Option(help="Table of paired comparisons.")],
    out: Out,
) -> None:
    """Write tables, figures and the page of an experiment."""
    from ser.stages.plan import read_plan
    from ser.stages.report import report as stage

    tables = {"scores": scores, "confusions": confusions, "intervals": intervals, "comparisons": comparisons}
    stage(plan=read_plan(plan), **tables, out=out)


VERBS = (train, plan, score, compare, report)
