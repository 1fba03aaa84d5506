# From a release to a manifest and 16 kHz audio.


rule fetch:
    """Unpack a licensed or open archive, or let the demo corpus write itself."""
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
        settings=lambda w: CONFIG.corpora[w.corpus].canonical(
            exclude={"allow", "exclude", "minimum_seconds", "shard_size"}
        ),
        root=corpus_root,
        code=adapter_code("fetch"),
    shell:
        "ser fetch --corpus {wildcards.corpus} --settings {params.settings:q} --root {params.root:q} > {log} 2>&1"


rule prepare:
    """Read the labels, hold them against the card, look at every recording."""
    input:
        release,
    output:
        manifest="data/{corpus}/manifest.parquet",
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
        settings=lambda w: CONFIG.corpora[w.corpus].canonical(),
        root=corpus_root,
        sources=source_digest,
        code=adapter_code("prepare"),
    shell:
        "ser prepare --corpus {wildcards.corpus} --settings {params.settings:q} --root {params.root:q}"
        " --manifest {output.manifest} --excluded {output.excluded} --jobs {threads} > {log} 2>&1"


rule resample:
    """One shard of recordings as 16 kHz mono float32."""
    input:
        manifest="data/{corpus}/manifest.parquet",
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
        root=corpus_root,
        code=catalog.fingerprint("ser.stages.resample"),
        versions=versions("soxr", "soundfile"),
    shell:
        "ser resample --manifest {input.manifest} --root {params.root:q} --shard {wildcards.shard} --out {output}"
        " > {log} 2>&1"


rule manifests:
    """Target: the manifests of all corpora of the experiment."""
    input:
        [layout.manifest(corpus) for corpus in CONFIG.experiment.corpora()],
