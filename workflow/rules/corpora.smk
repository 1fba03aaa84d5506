# From a release to a manifest and 16 kHz audio.


rule fetch:
    """Unpack the archive of a corpus, or write the corpus with its adapter."""
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
        warnings="data/{corpus}/warnings.csv",
        measures="data/{corpus}/measures.parquet",
    log:
        "logs/prepare/{corpus}.log",
    benchmark:
        "logs/prepare/{corpus}.benchmark.jsonl"
    wildcard_constraints:
        corpus=NOT_COPIED,
    conda:
        "../../envs/ser.yaml"
    threads: 2
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        job=prepare_job,
        sources=sources,
        versions=trim_versions,
        code=adapter_code("prepare", "facts", "audio_files", "verify", "utterances", "left_out", "warnings"),
    shell:
        "ser prepare --job {params.job:q} --manifest {output.manifest} --recordings {output.recordings}"
        " --excluded {output.excluded} --warnings {output.warnings} --measures {output.measures}"
        " --jobs {threads} > {log} 2>&1"


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
    wildcard_constraints:
        corpus=NOT_COPIED,
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
        [layout.manifest(corpus) for corpus in CONFIG.experiment.selected("corpora")],
