"""The command line: one verb per stage, and a few that list what there is. No logic beyond reading arguments."""

import json
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import typer

from ser import audit_verbs, failures, listings, scheduler, verify
from ser.devices import granted
from ser.errors import SerError

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

app = typer.Typer(
    name="ser",
    help="Speech emotion recognition systems under named protocols. The verbs are the stages of the pipeline; "
    "Snakemake calls them in order, and each line of its log can be run by hand.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"max_content_width": 120},
)

Corpus = Annotated[str, typer.Option(help="Name of the corpus in the configuration.")]
Settings = Annotated[str, typer.Option(help="The corpus's entry of the configuration, as JSON.")]
Root = Annotated[Path, typer.Option(help="Folder of the unpacked release.")]
Manifest = Annotated[Path, typer.Option(help="manifest.parquet of the corpus.")]
Out = Annotated[Path, typer.Option(help="File or folder to write, whole or not at all.")]
Jobs = Annotated[int, typer.Option(help="Utterances read at a time.")]
Threads = Annotated[int, typer.Option(help="CPU threads of the numerical libraries.")]
Shards = Annotated[int | None, typer.Option(help="Shards in each folder that is read; all if not given.")]
Gpus = Annotated[int, typer.Option(help="GPUs that the scheduler granted; with 0 the job stays on the CPU.")]
JobsPerGpu = Annotated[int, typer.Option(min=1, help="Jobs that may compute on one GPU at a time.")]
PlanFile = Annotated[Path, typer.Option(help="plan.json of the experiment.")]


def verb(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Register ``function`` as a verb; a SerError, a full disk and a lack of memory become a text and exit code 2."""

    @wraps(function)
    def guarded(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        scheduler.follow()
        try:
            return function(*args, **kwargs)
        except SerError as error:
            print(f"error: {error}", file=sys.stderr)
            raise typer.Exit(2) from error
        except Exception as error:
            where = Path(getattr(error, "filename", None) or Path.cwd())
            said = failures.memory(error) or failures.disk(error, where)
            if said is None:
                raise
            print(f"error: {said}", file=sys.stderr)
            raise typer.Exit(2) from error

    return app.command(function.__name__.strip("_").replace("_", "-"))(guarded)


def mapping(text: str) -> dict[str, Any]:
    """Return the JSON object in ``text``."""
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise SerError(f"this argument must be JSON ({error}): {text[:80]}") from error
    if not isinstance(content, dict):
        raise SerError(f"this argument must be a JSON object: {text[:80]}")
    return content


@verb
def fetch(corpus: Corpus, settings: Settings, root: Root) -> None:
    """Unpack a corpus's archive, or let the corpus write itself."""
    from ser.config.schema import Corpus as Entry
    from ser.stages.fetch import fetch as stage

    stage(corpus=corpus, settings=Entry.model_validate_json(settings), root=root)


@verb
def prepare(
    corpus: Corpus,
    settings: Settings,
    root: Root,
    manifest: Manifest,
    excluded: Annotated[Path, typer.Option(help="CSV of the utterances left out, with the reason.")],
    jobs: Jobs = 1,
) -> None:
    """Read a release's labels, check them against its card, look at all audio, write the manifest."""
    from ser.config.schema import Corpus as Entry
    from ser.stages.prepare import prepare as stage

    entry = Entry.model_validate_json(settings)
    stage(corpus=corpus, settings=entry, root=root, manifest=manifest, excluded=excluded, jobs=jobs)


@verb
def resample(
    manifest: Manifest, root: Root, shard: Annotated[int, typer.Option(help="Number of the shard.")], out: Out
) -> None:
    """Write one shard of 16 kHz mono audio."""
    from ser.stages.resample import resample as stage

    stage(manifest=manifest, root=root, shard=shard, out=out)


@verb
def train_xvector(
    manifest: Manifest,
    audio: Annotated[Path, typer.Option(help="Folder of audio shards.")],
    out: Out,
    epochs: Annotated[int, typer.Option(help="Passes over the corpus.")] = 6,
    seed: Annotated[int, typer.Option(help="Seed of weights and crops.")] = 0,
    threads: Threads = 1,
    gpus: Gpus = 1,
    jobs_per_gpu: JobsPerGpu = 1,
) -> None:
    """Train x-vector weights on the corpus's speakers, where no published weights are at hand."""
    from ser.stages.train_xvector import train_xvector as stage

    with granted(gpus, jobs_per_gpu=jobs_per_gpu):
        stage(manifest=manifest, audio=audio, out=out, epochs=epochs, seed=seed, threads=threads)


@verb
def extract(
    feature: Annotated[str, typer.Option(help="Name of the feature in the configuration.")],
    extractor: Annotated[str, typer.Option(help="Module in ser/features.")],
    audio: Annotated[Path, typer.Option(help="One audio shard.")],
    out: Out,
    options: Annotated[str, typer.Option(help="Options of the extractor, as JSON.")] = "{}",
    weights: Annotated[Path | None, typer.Option(help="Weights of an embedding network.")] = None,
    gpus: Gpus = 1,
    jobs_per_gpu: JobsPerGpu = 1,
) -> None:
    """Extract one feature from one shard of audio."""
    from ser.stages.extract import extract as stage

    with granted(gpus if weights else 0, jobs_per_gpu=jobs_per_gpu):
        stage(feature=feature, extractor=extractor, options=mapping(options), audio=audio, out=out, weights=weights)


@verb
def transcribe(
    manifest: Manifest,
    shard: Annotated[int, typer.Option(help="Number of the shard.")],
    out: Out,
    audio: Annotated[Path | None, typer.Option(help="The audio of this shard, for a recogniser.")] = None,
    recogniser: Annotated[str | None, typer.Option(help="Module in ser/recognisers; none: the corpus's text.")] = None,
    options: Annotated[str, typer.Option(help="Options of the recogniser, as JSON.")] = "{}",
    gpus: Gpus = 1,
    jobs_per_gpu: JobsPerGpu = 1,
) -> None:
    """Write what was said in one shard: the corpus's own transcripts, or what a recogniser hears."""
    from ser.stages.transcribe import transcribe as stage

    with granted(gpus if recogniser else 0, jobs_per_gpu=jobs_per_gpu) as device:
        stage(
            manifest=manifest,
            shard=shard,
            out=out,
            audio=audio,
            recogniser=recogniser,
            options=mapping(options),
            device=device,
        )


@verb
def index(
    folder: Annotated[Path, typer.Option(help="Folder of the shards of a feature or a transcript.")],
    shards: Annotated[int, typer.Option(help="How many there are.")],
    out: Out,
) -> None:
    """Write the one small file that stands for all shards of a feature or a transcript."""
    from ser.stages.index import index as stage

    stage(folder=folder, shards=shards, out=out)


@verb
def embed(
    transcripts: Annotated[Path, typer.Option(help="Folder of transcripts.")],
    source: Annotated[str, typer.Option(help="Word vectors in GloVe's text format, or their URL.")],
    out: Out,
    downloaded: Annotated[Path, typer.Option(help="Folder for what comes from a URL.")] = Path("data/raw/embeddings"),
    checksum: Annotated[str | None, typer.Option(help="SHA-256 of the source.")] = None,
    shards: Shards = None,
) -> None:
    """Keep the vectors of the words that a corpus's transcripts hold."""
    from ser.stages.embed import embed as stage

    stage(transcripts=transcripts, source=source, downloaded=downloaded, out=out, checksum=checksum, shards=shards)


@verb
def split(
    corpus: Corpus,
    name: Annotated[str, typer.Option(help="Name of the protocol in the configuration.")],
    protocol: Annotated[str, typer.Option(help="The protocol's entry, as JSON.")],
    manifest: Manifest,
    out: Out,
    folds: Annotated[int, typer.Option(help="Number of folds that the plan counts on.")],
) -> None:
    """Assign every utterance of a protocol to train, dev or test in each fold."""
    from ser.config.schema import Protocol
    from ser.stages.split import split as stage

    entry = Protocol.model_validate_json(protocol)
    stage(corpus=corpus, name=name, protocol=entry, manifest=manifest, out=out, folds=folds)


@verb
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


@verb
def plan(out: Out) -> None:
    """Keep the resolved experiment, JSON on standard input, beside its results."""
    from ser.config.plan import Plan
    from ser.stages.plan import plan as stage

    stage(plan=Plan.model_validate_json(sys.stdin.read()), out=out)


@verb
def score(
    plan: PlanFile,
    scores: Annotated[Path, typer.Option(help="Score table to write.")],
    confusions: Annotated[Path, typer.Option(help="Confusion table to write.")],
) -> None:
    """Compute WA, UA, recalls and confusions of every run of an experiment."""
    from ser.stages.plan import read_plan
    from ser.stages.score import score as stage

    stage(runs=read_plan(plan).runs(), scores=scores, confusions=confusions)


@verb
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


@verb
def compare(
    plan: PlanFile,
    comparisons: Annotated[Path, typer.Option(help="Table of paired comparisons to write.")],
    intervals: Annotated[Path, typer.Option(help="Table of intervals to write.")],
    method: Annotated[str, typer.Option(help="Of the intervals: jackknife or bootstrap.")] = "jackknife",
) -> None:
    """Compute the interval of every system, and compare every two of a protocol."""
    from ser.stages.compare import compare as stage
    from ser.stages.plan import read_plan

    stage(runs=read_plan(plan).runs(), comparisons=comparisons, intervals=intervals, method=method)


for function in (*audit_verbs.VERBS, *listings.LISTINGS, verify.verify):
    verb(function)
