# From a manifest, and 16 kHz audio for a recogniser, to transcripts and the vectors of their words.
from ser.stages.embed import EmbedJob
from ser.stages.transcribe import TranscribeJob


def recogniser(wildcards):
    """The recogniser's module; None where the corpus's own transcripts are taken."""
    name = CONFIG.transcripts[wildcards.transcript].recogniser
    return None if name is None else catalog.load("recognisers", name)


def recogniser_audio(wildcards):
    return f"data/{wildcards.corpus}/audio/{wildcards.shard}.parquet" if recogniser(wildcards) else []


@exit_on_error
def recogniser_files(wildcards):
    """Local files of the recogniser's model."""
    entry = CONFIG.transcripts[wildcards.transcript]
    found = local_files("recognisers", entry.recogniser, entry.options) if entry.recogniser else []
    return [literal(file) for file in found]


def recogniser_uses_gpu(wildcards):
    entry = CONFIG.transcripts[wildcards.transcript]
    return entry.recogniser is not None and uses_device("recognisers", entry.recogniser, entry.options)


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
    pairs = {(corpus, words(system).transcript) for corpus, system in CORPUS_SYSTEMS if words(system)}
    return [path for pair in sorted(pairs) if pair[1] != "given" for path in transcript_shards(*pair)]


rule transcribe:
    """The transcripts of one shard."""
    input:
        manifest="data/{corpus}/manifest.parquet",
        audio=recogniser_audio,
        model=recogniser_files,
    output:
        "data/{corpus}/transcripts/{transcript}/{shard}.parquet",
    log:
        "logs/transcribe/{corpus}/{transcript}/{shard}.log",
    benchmark:
        "logs/transcribe/{corpus}/{transcript}/{shard}.benchmark.jsonl"
    conda:
        "../../envs/ser.yaml"
    threads: 1
    resources:
        mem_mb=growing(6000),
        runtime=growing(480),
        gpu=lambda w: int(recogniser_uses_gpu(w)),
        jobs_per_gpu=CONFIG.devices.jobs_per_gpu,
    params:
        job=transcribe_job,
        code=lambda w: code("transcribe", *([recogniser(w).__name__] if recogniser(w) else [])),
        versions=lambda w: versions("nltk", *getattr(recogniser(w), "DEPENDS", ())),
    shell:
        "ser transcribe --job {params.job:q} --manifest {input.manifest} --audio={input.audio} --out {output}"
        " --gpus {resources.gpu} --jobs-per-gpu {resources.jobs_per_gpu} > {log} 2>&1"


rule embed:
    """Vectors of the words in a corpus's transcripts."""
    input:
        transcripts=lambda w: transcript_shards(w.corpus, w.transcript),
        vectors=local_vectors,
    output:
        "data/{corpus}/embeddings/{embedding}/{transcript}.parquet",
    log:
        "logs/embed/{corpus}/{embedding}/{transcript}.log",
    benchmark:
        "logs/embed/{corpus}/{embedding}/{transcript}.benchmark.jsonl"
    conda:
        "../../envs/ser.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(480),
    params:
        job=embed_job,
        code=code("embed"),
    shell:
        "ser embed --job {params.job:q} --transcripts data/{wildcards.corpus}/transcripts/{wildcards.transcript}"
        " --downloaded data/raw/embeddings/{wildcards.embedding} --out {output} > {log} 2>&1"
