# From 16 kHz audio to features, one file per shard.
from ser.config import extractors
from ser.config.options import local_files, uses_device
from ser.stages.extract import ExtractJob
from ser.stages.index import IndexJob

TRAINED = {"train_xvector": "data/{corpus}/xvector.safetensors"}  # rules that train weights for extractors


def extractor(feature):
    return CONFIG.features[feature].extractor


def extractor_options(wildcards):
    """The extractor's options, with the file of the rule that trains it where the configuration names none."""
    options = dict(CONFIG.features[wildcards.feature].options)
    for option, rule in extractors.trained(extractor(wildcards.feature)).items():
        options[option] = options.get(option) or TRAINED[rule].format(corpus=wildcards.corpus)
    return options


@exit_on_error
def extractor_files(wildcards):
    """Files beside the audio that the extractor reads, such as weights."""
    files = local_files("features", extractor(wildcards.feature), extractor_options(wildcards))
    return [literal(path) for path in files]


@exit_on_error
def extract_job(wildcards):
    name = extractor(wildcards.feature)
    return ExtractJob.params(feature=wildcards.feature, extractor=name, options=extractor_options(wildcards))


def audio_shards(corpus):
    return [f"data/{corpus}/audio/{shard}.parquet" for shard in shards(corpus)]


@cache
def feature_folders(corpus, system):
    """Folder of shards by feature, of what a system reads."""
    names = sorted({view.feature for view in CONFIG.systems[system].inputs.views().values()})
    return {name: layout.features(corpus, name) for name in names}


@cache
def feature_indexes(corpus, system):
    return [str(layout.index(folder)) for folder in feature_folders(corpus, system).values()]


def read_shards(wildcards):
    """Every shard of the features and transcripts that the systems read: a training depends on their index, and a lost
    shard is made again only if a target asks for it."""
    indexes = {
        (corpus, path)
        for corpus, system in CORPUS_SYSTEMS
        for path in [*feature_indexes(corpus, system), *transcript_index(corpus, system)]
    }
    return sorted(f"{Path(path).parent}/{shard}.parquet" for corpus, path in indexes for shard in shards(corpus))


rule extract:
    """One feature of one shard."""
    input:
        audio="data/{corpus}/audio/{shard}.parquet",
        files=extractor_files,
    output:
        "data/{corpus}/features/{feature}/{shard}.parquet",
    log:
        "logs/extract/{corpus}/{feature}/{shard}.log",
    benchmark:
        "logs/extract/{corpus}/{feature}/{shard}.benchmark.jsonl"
    conda:
        "../../envs/ser.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
        gpu=lambda w: int(uses_device("features", extractor(w.feature), extractor_options(w))),
        jobs_per_gpu=CONFIG.devices.jobs_per_gpu,
    params:
        job=extract_job,
        code=lambda w: code("extract", f"ser.features.{extractor(w.feature)}"),
        versions=lambda w: versions(*catalog.load("features", extractor(w.feature)).DEPENDS),
    shell:
        "ser extract --job {params.job:q} --audio {input.audio} --out {output}"
        " --gpus {resources.gpu} --jobs-per-gpu {resources.jobs_per_gpu} > {log} 2>&1"


rule index:
    """One small file for all shards of a feature or a transcript: a training depends on it, not on every shard."""
    input:
        lambda w: [f"data/{w.corpus}/{w.kind}/{w.name}/{shard}.parquet" for shard in shards(w.corpus)],
    output:
        "data/{corpus}/{kind}/{name}/index.json",
    log:
        "logs/index/{corpus}/{kind}/{name}.log",
    benchmark:
        "logs/index/{corpus}/{kind}/{name}.benchmark.jsonl"
    wildcard_constraints:
        kind="features|transcripts",
        name="[^/]+",
    conda:
        "../../envs/ser.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(60),
    params:
        job=lambda w: IndexJob.params(shards=len(shards(w.corpus))),
        code=code("index"),
    shell:
        "ser index --job {params.job:q} --folder data/{wildcards.corpus}/{wildcards.kind}/{wildcards.name}"
        " --out {output} > {log} 2>&1"


rule features:
    """Target: every feature that the experiment's systems read."""
    input:
        sorted({path for pair in CORPUS_SYSTEMS for path in feature_indexes(*pair)}),
        read_shards,
