# From a manifest to the folds of a protocol.


rule split:
    """Assign every utterance of a protocol to train, dev or test in each fold."""
    input:
        manifest="data/{corpus}/manifest.parquet",
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
        protocol=lambda w: CONFIG.protocols[w.protocol].decisive(),
        folds=lambda w: fold_count(w.corpus, w.protocol),
        code=lambda w: catalog.fingerprint("ser.stages.split", f"ser.protocols.{CONFIG.protocols[w.protocol].rule}"),
    shell:
        "ser split --corpus {wildcards.corpus} --name {wildcards.protocol} --protocol {params.protocol:q}"
        " --manifest {input.manifest} --folds {params.folds} --out {output} > {log} 2>&1"


rule folds:
    """Target: the folds of every protocol of the experiment."""
    input:
        [layout.folds(*division) for division in DIVISIONS],
