# A corpus that joins others: what its members have, with the name of the member before that of utterance and speaker.


rule join:
    """The manifest of a joined corpus, and the tables next to it, from those of its members."""
    input:
        manifests=of_members(layout.manifest),
        measures=of_members(layout.measures),
        warnings=of_members(layout.warnings),
        excluded=of_members(layout.excluded),
    output:
        manifest="data/{corpus}/manifest.parquet",
        recordings="data/{corpus}/recordings.parquet",
        excluded="data/{corpus}/excluded.csv",
        warnings="data/{corpus}/warnings.csv",
        measures="data/{corpus}/measures.parquet",
    log:
        "logs/join/{corpus}.log",
    benchmark:
        "logs/join/{corpus}.benchmark.jsonl"
    wildcard_constraints:
        corpus=IN_JOINED,
    conda:
        "../../envs/ser.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        job=join_job,
        code=code("join"),
    shell:
        "ser join --job {params.job:q} --manifest {output.manifest} --recordings {output.recordings}"
        " --excluded {output.excluded} --warnings {output.warnings} --measures {output.measures} > {log} 2>&1"


rule join_shard:
    """One shard of audio, fingerprints, a feature or a transcript of a joined corpus: computed for its member alone."""
    input:
        member_shard,
    output:
        "data/{corpus}/{kind}/{shard}.parquet",
    log:
        "logs/join_shard/{corpus}/{kind}/{shard}.log",
    benchmark:
        "logs/join_shard/{corpus}/{kind}/{shard}.benchmark.jsonl"
    wildcard_constraints:
        corpus=IN_JOINED,
        kind=COPIED,
    conda:
        "../../envs/ser.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        job=join_shard_job,
        code=code("join_shard"),
    shell:
        "ser join-shard --job {params.job:q} --shard {input:q} --out {output} > {log} 2>&1"
