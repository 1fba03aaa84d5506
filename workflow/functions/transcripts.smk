# Inputs and params of the rules of transcripts and word vectors.
from ser.stages.embed import EmbedJob
from ser.stages.transcribe import TranscribeJob


def recogniser(wildcards):
    """The recogniser's module; None for the corpus's own transcripts."""
    entry = CONFIG.transcripts[wildcards.transcript]
    return None if entry.recogniser is None else entry.load()


def recogniser_audio(wildcards):
    return f"data/{wildcards.corpus}/audio/{wildcards.shard}.parquet" if recogniser(wildcards) else []


@exit_on_error
def recogniser_files(wildcards):
    """Local files of the recogniser's model."""
    entry = CONFIG.transcripts[wildcards.transcript]
    found = local_files(entry) if entry.recogniser else []
    return [literal(file) for file in found]


def recogniser_uses_gpu(wildcards):
    entry = CONFIG.transcripts[wildcards.transcript]
    return entry.recogniser is not None and uses_device(entry)


@exit_on_error
def transcribe_job(wildcards):
    entry = CONFIG.transcripts[wildcards.transcript]
    return TranscribeJob.params(shard=wildcards.shard, recogniser=entry.recogniser, options=entry.options)


@exit_on_error
def local_vectors(wildcards):
    """The file of word vectors; nothing where the job downloads it."""
    source = CONFIG.embeddings[wildcards.embedding].source
    return [] if "://" in source else literal(Path(source).expanduser())


@exit_on_error
def embed_job(wildcards):
    entry = CONFIG.embeddings[wildcards.embedding]
    return EmbedJob.params(source=entry.source, checksum=entry.checksum, shards=len(shards(wildcards.corpus)))


def transcript_shards(corpus, transcript):
    return [str(layout.transcripts(corpus, transcript) / f"{shard}.parquet") for shard in shards(corpus)]


def recognised_shards(wildcards):
    """Every shard of the transcripts that the runs read and that are not the corpus's own."""
    pairs = {(corpus, name) for corpus, system in CORPUS_SYSTEMS for name in transcripts_of(system)}
    return [path for pair in sorted(pairs) if pair[1] != extractors.GIVEN for path in transcript_shards(*pair)]


def transcripts_of(system):
    """The transcripts that a system reads, as words or by features of the text."""
    inputs = CONFIG.systems[system].inputs
    found = {extractors.transcript(CONFIG.features[view.feature]) for view in inputs.views().values()}
    return (found | ({inputs.words.transcript} if inputs.words else set())) - {None}
