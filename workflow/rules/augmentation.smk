# From audio to the features of its disturbed copies, where a recipe trains with some.


rule augment:
    """One feature of the disturbed copies of one shard."""
    input:
        shard=copied_shard,
        folds=folds_of_voices,
        voices=shards_of_voices,
        files=extractor_files,
    output:
        "data/{corpus}/features/{feature}+{disturbed}/{shard}.parquet",
    log:
        "logs/augment/{corpus}/{feature}+{disturbed}/{shard}.log",
    benchmark:
        "logs/augment/{corpus}/{feature}+{disturbed}/{shard}.benchmark.jsonl"
    wildcard_constraints:
        disturbed="[a-z0-9_]+-[0-9a-f]{8}",
    conda:
        "../../envs/ser.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
        gpu=lambda w: int(uses_device(feature(w))),
        jobs_per_gpu=CONFIG.devices.jobs_per_gpu,
    params:
        job=augment_job,
        code=augment_code,
        versions=augment_versions,
    shell:
        "ser augment --job {params.job:q} --shard {input.shard:q} --folds={input.folds:q} --out {output}"
        " --threads {threads} --gpus {resources.gpu} --jobs-per-gpu {resources.jobs_per_gpu} > {log} 2>&1"
