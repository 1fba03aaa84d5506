# What the parts of a fold share: an undeclared leak stops the build.


rule fingerprint:
    """Hashes and audio fingerprints of the recordings of one shard."""
    input:
        audio="data/{corpus}/audio/{shard}.parquet",
    output:
        "data/{corpus}/fingerprints/{shard}.parquet",
    log:
        "logs/fingerprint/{corpus}/{shard}.log",
    benchmark:
        "logs/fingerprint/{corpus}/{shard}.benchmark.jsonl"
    wildcard_constraints:
        corpus=NOT_COPIED,
    priority: 1  # an undeclared leak stops the build before most of the training
    conda:
        "../../envs/ser.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        code=code("fingerprint"),
    shell:
        "ser fingerprint --audio {input.audio} --out {output} > {log} 2>&1"


rule audit:
    """Speakers, sessions, dialogs, sentences and recordings that parts of a fold share."""
    input:
        manifest="data/{corpus}/manifest.parquet",
        folds="data/{corpus}/folds/{protocol}.parquet",
        fingerprints=fingerprint_shards,
    output:
        "data/{corpus}/audit/{protocol}.parquet",
    log:
        "logs/audit/{corpus}/{protocol}.log",
    benchmark:
        "logs/audit/{corpus}/{protocol}.benchmark.jsonl"
    priority: 1  # an undeclared leak stops the build before most of the training
    conda:
        "../../envs/ser.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        shards=lambda w: len(shards(w.corpus)),
        leaks=lambda w: json.dumps(CONFIG.protocols[w.protocol].leaks),
        code=code("audit"),
    shell:
        "ser audit --manifest {input.manifest} --folds {input.folds} --fingerprints data/{wildcards.corpus}/fingerprints"
        " --shards {params.shards} --leaks {params.leaks:q} --out {output} > {log} 2>&1"


rule audits:
    """Target: the audit of every protocol of the experiment."""
    input:
        [layout.audit(*pair) for pair in CORPUS_PROTOCOLS],
