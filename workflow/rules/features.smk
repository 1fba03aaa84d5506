# From 16 kHz audio, or transcripts, to features, one file per shard.
ruleorder: extract_text > extract


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
    wildcard_constraints:
        corpus=NOT_COPIED,
    conda:
        "../../envs/ser.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
        gpu=lambda w: int(uses_device(feature(w))),
        jobs_per_gpu=CONFIG.devices.jobs_per_gpu,
    params:
        job=extract_job,
        code=lambda w: code("extract", f"ser.features.{CONFIG.features[w.feature].extractor}"),
        versions=lambda w: versions(*CONFIG.features[w.feature].load().DEPENDS),
    shell:
        "ser extract --job {params.job:q} --audio {input.audio} --out {output}"
        " --threads {threads} --gpus {resources.gpu} --jobs-per-gpu {resources.jobs_per_gpu} > {log} 2>&1"


rule extract_text:
    """One feature of the transcripts of one shard."""
    input:
        transcripts=feature_transcripts,
        files=extractor_files,
    output:
        "data/{corpus}/features/{feature}/{shard}.parquet",
    log:
        "logs/extract_text/{corpus}/{feature}/{shard}.log",
    benchmark:
        "logs/extract_text/{corpus}/{feature}/{shard}.benchmark.jsonl"
    wildcard_constraints:
        corpus=NOT_COPIED,
        feature=any_of(TEXT_FEATURES),
    conda:
        "../../envs/ser.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
        gpu=lambda w: int(uses_device(feature(w))),
        jobs_per_gpu=CONFIG.devices.jobs_per_gpu,
    params:
        job=extract_text_job,
        code=lambda w: code("extract_text", f"ser.features.{CONFIG.features[w.feature].extractor}"),
        versions=lambda w: versions(*CONFIG.features[w.feature].load().DEPENDS),
    shell:
        "ser extract-text --job {params.job:q} --transcripts {input.transcripts:q} --out {output}"
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
        all_copy_indexes(),
        read_shards,
