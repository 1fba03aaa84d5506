"""The verbs from a release to features, words and folds."""

from pathlib import Path
from typing import Annotated

import typer

from ser.jobs.devices import granted
from ser.verbs.arguments import Corpus, Gpus, Jobs, JobsPerGpu, Manifest, Out, Root, Settings, Shards, Threads, mapping


def fetch(corpus: Corpus, settings: Settings, root: Root) -> None:
    """Unpack a corpus's archive, or let the corpus write itself."""
    from ser.config.schema import Corpus as Entry
    from ser.stages.fetch import fetch as stage

    stage(corpus=corpus, settings=Entry.model_validate_json(settings), root=root)


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


def resample(
    manifest: Manifest, root: Root, shard: Annotated[int, typer.Option(help="Number of the shard.")], out: Out
) -> None:
    """Write one shard of 16 kHz mono audio."""
    from ser.stages.resample import resample as stage

    stage(manifest=manifest, root=root, shard=shard, out=out)


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


def extract(
    feature: Annotated[str, typer.Option(help="Name of the feature in the configuration.")],
    extractor: Annotated[str, typer.Option(help="Module in ser/features.")],
    audio: Annotated[Path, typer.Option(help="One audio shard.")],
    out: Out,
    options: Annotated[str, typer.Option(help="Options of the extractor, as JSON.")] = "{}",
    gpus: Gpus = 1,
    jobs_per_gpu: JobsPerGpu = 1,
) -> None:
    """Extract one feature from one shard of audio."""
    from ser.config.options import uses_device
    from ser.stages.extract import extract as stage

    given = mapping(options)
    with granted(gpus if uses_device("features", extractor, given) else 0, jobs_per_gpu=jobs_per_gpu) as device:
        stage(feature=feature, extractor=extractor, options=given, audio=audio, out=out, device=device)


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


def index(
    folder: Annotated[Path, typer.Option(help="Folder of the shards of a feature or a transcript.")],
    shards: Annotated[int, typer.Option(help="How many there are.")],
    out: Out,
) -> None:
    """Write the one small file that stands for all shards of a feature or a transcript."""
    from ser.stages.index import index as stage

    stage(folder=folder, shards=shards, out=out)


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


VERBS = (fetch, prepare, resample, train_xvector, extract, transcribe, index, embed, split)
