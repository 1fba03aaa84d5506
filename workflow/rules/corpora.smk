# From a release to a manifest and 16 kHz audio.
from ser.files.sources import digest_of_files
from ser.stages.fetch import FetchJob
from ser.stages.prepare import PrepareJob
from ser.stages.resample import ResampleJob


@exit_on_error
def release(wildcards):
    """The file that marks a release which the pipeline writes; nothing where the user names a folder."""
    return [] if has_own_root(wildcards.corpus) else f"data/raw/{wildcards.corpus}/release.json"


@exit_on_error
def fetch_job(wildcards):
    settings = CONFIG.corpora[wildcards.corpus]
    return FetchJob.params(
        corpus=wildcards.corpus, adapter=settings.adapter, archive=settings.archive, options=settings.options
    )


@exit_on_error
def prepare_job(wildcards):
    corpus = wildcards.corpus
    return PrepareJob.params(corpus=corpus, settings=CONFIG.corpora[corpus], root=release_folder(corpus))


@exit_on_error
def resample_job(wildcards):
    return ResampleJob.params(root=release_folder(wildcards.corpus), shard=wildcards.shard)


@exit_on_error
def sources(wildcards):
    """A hash of the contents of all files that the adapter reads: a touched file changes nothing, an edited one does."""
    corpus = wildcards.corpus
    if not has_own_root(corpus):
        return ""
    folder = release_folder(corpus)
    files = adapter(corpus).sources(folder, **CONFIG.corpora[corpus].options)
    return digest_of_files(files, folder, Path("data", corpus, ".sources.json"))


def adapter_code(stage, *functions):
    """The code hash of a stage that calls these functions of a corpus's adapter."""
    names = ",".join(["CARD", *functions])
    return lambda wildcards: code(stage, f"ser.corpora.{CONFIG.corpora[wildcards.corpus].adapter}:{names}")


rule fetch:
    """Unpack the archive of a corpus, or let the adapter write the corpus."""
    output:
        "data/raw/{corpus}/release.json",
    log:
        "logs/fetch/{corpus}.log",
    benchmark:
        "logs/fetch/{corpus}.benchmark.jsonl"
    conda:
        "../../envs/ser.yaml"
    threads: 2
    resources:
        mem_mb=growing(2000),
        runtime=growing(240),
    params:
        job=fetch_job,
        code=adapter_code("fetch", "release"),
    shell:
        "ser fetch --job {params.job:q} --root data/raw/{wildcards.corpus} > {log} 2>&1"


rule prepare:
    """Read the labels, check them against the card, inspect every recording."""
    input:
        release,
    output:
        manifest="data/{corpus}/manifest.parquet",
        recordings="data/{corpus}/recordings.parquet",
        excluded="data/{corpus}/excluded.csv",
    log:
        "logs/prepare/{corpus}.log",
    benchmark:
        "logs/prepare/{corpus}.benchmark.jsonl"
    conda:
        "../../envs/ser.yaml"
    threads: 2
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        job=prepare_job,
        sources=sources,
        code=adapter_code("prepare", "facts", "audio_files", "verify", "utterances", "left_out"),
    shell:
        "ser prepare --job {params.job:q} --manifest {output.manifest} --recordings {output.recordings}"
        " --excluded {output.excluded} --jobs {threads} > {log} 2>&1"


rule resample:
    """One shard of recordings as 16 kHz mono float32."""
    input:
        recordings="data/{corpus}/recordings.parquet",
    output:
        "data/{corpus}/audio/{shard}.parquet",
    log:
        "logs/resample/{corpus}/{shard}.log",
    benchmark:
        "logs/resample/{corpus}/{shard}.benchmark.jsonl"
    conda:
        "../../envs/ser.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        job=resample_job,
        code=code("resample"),
        versions=versions("soxr", "soundfile"),
    shell:
        "ser resample --job {params.job:q} --recordings {input.recordings} --out {output} > {log} 2>&1"


rule manifests:
    """Target: the manifests of all corpora of the experiment."""
    input:
        [layout.manifest(corpus) for corpus in CONFIG.experiment.corpora()],
