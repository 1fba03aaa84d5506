# From a manifest to the folds of a protocol.


rule split:
    """Assign every utterance of a protocol to train, dev or test in each fold."""
    input:
        manifest="data/{corpus}/manifest.parquet",
        lists=protocol_files,
    output:
        "data/{corpus}/folds/{protocol}.parquet",
    log:
        "logs/split/{corpus}/{protocol}.log",
    benchmark:
        "logs/split/{corpus}/{protocol}.benchmark.jsonl"
    conda:
        "../../envs/ser.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        job=split_job,
        code=lambda w: code("split", f"ser.protocols.{CONFIG.protocols[w.protocol].rule}"),
    shell:
        "ser split --job {params.job:q} --manifest {input.manifest} --out {output} > {log} 2>&1"


rule folds:
    """Target: the folds of every protocol of the experiment."""
    input:
        [layout.folds(*pair) for pair in CORPUS_PROTOCOLS],
