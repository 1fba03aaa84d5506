# From 16 kHz audio to features, one file per shard.


rule train_xvector:
    """X-vector weights from the corpus's speakers, used only where no published weights are configured."""
    input:
        manifest="data/{corpus}/manifest.parquet",
        audio=lambda w: [f"data/{w.corpus}/audio/{shard}.parquet" for shard in shards(w.corpus)],
    output:
        TRAINED["train_xvector"],
    log:
        "logs/train_xvector/{corpus}.log",
    benchmark:
        "logs/train_xvector/{corpus}.benchmark.jsonl"
    conda:
        "../../envs/ser.yaml"
    threads: 2
    resources:
        mem_mb=growing(8000),
        runtime=growing(240),
        gpu=1,
        jobs_per_gpu=CONFIG.devices.jobs_per_gpu,
    params:
        audio=lambda w: layout.audio(w.corpus),
        epochs=6,
        seed=0,
        code=catalog.fingerprint("ser.stages.train_xvector"),
        versions=versions("torch"),
    shell:
        "ser train-xvector --manifest {input.manifest} --audio {params.audio} --out {output} --threads {threads}"
        " --epochs {params.epochs} --seed {params.seed}"
        " --gpus {resources.gpu} --jobs-per-gpu {resources.jobs_per_gpu} > {log} 2>&1"


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
        gpu=lambda w: int(uses_device("features", extractor(w), extractor_options(w))),
        jobs_per_gpu=CONFIG.devices.jobs_per_gpu,
    params:
        extractor=extractor,
        options=lambda w: json.dumps(extractor_options(w), sort_keys=True, default=str),
        code=lambda w: catalog.fingerprint("ser.stages.extract", f"ser.features.{extractor(w)}"),
        versions=lambda w: versions(*catalog.load("features", extractor(w)).DEPENDS),
    shell:
        "ser extract --feature {wildcards.feature} --extractor {params.extractor} --options {params.options:q}"
        " --audio {input.audio} --out {output}"
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
        folder=subpath(output[0], parent=True),
        shards=lambda w: len(shards(w.corpus)),
        code=catalog.fingerprint("ser.stages.index"),
    shell:
        "ser index --folder {params.folder} --shards {params.shards} --out {output} > {log} 2>&1"


rule features:
    """Target: every feature that the experiment's systems look at."""
    input:
        sorted({path for corpus, system in LEARNERS for path in feature_indexes(corpus, system)}),
        read_shards(),
