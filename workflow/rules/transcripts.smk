# From a manifest, and 16 kHz audio for a recogniser, to transcripts and the vectors of their words.


rule transcribe:
    """The transcripts of one shard."""
    input:
        manifest="data/{corpus}/manifest.parquet",
        audio=recogniser_audio,
        model=recogniser_files,
    output:
        "data/{corpus}/transcripts/{transcript}/{shard}.parquet",
    log:
        "logs/transcribe/{corpus}/{transcript}/{shard}.log",
    benchmark:
        "logs/transcribe/{corpus}/{transcript}/{shard}.benchmark.jsonl"
    wildcard_constraints:
        corpus=NOT_COPIED,
    conda:
        "../../envs/ser.yaml"
    threads: 1
    resources:
        mem_mb=growing(6000),
        runtime=growing(480),
        gpu=lambda w: int(recogniser_uses_gpu(w)),
        jobs_per_gpu=CONFIG.devices.jobs_per_gpu,
    params:
        job=transcribe_job,
        code=lambda w: code("transcribe", *([recogniser(w).__name__] if recogniser(w) else [])),
        versions=lambda w: versions("nltk", *getattr(recogniser(w), "DEPENDS", ())),
    shell:
        "ser transcribe --job {params.job:q} --manifest {input.manifest} --audio={input.audio} --out {output}"
        " --gpus {resources.gpu} --jobs-per-gpu {resources.jobs_per_gpu} > {log} 2>&1"


rule embed:
    """Vectors of the words in a corpus's transcripts."""
    input:
        transcripts=lambda w: transcript_shards(w.corpus, w.transcript),
        vectors=local_vectors,
    output:
        "data/{corpus}/embeddings/{embedding}/{transcript}.parquet",
    log:
        "logs/embed/{corpus}/{embedding}/{transcript}.log",
    benchmark:
        "logs/embed/{corpus}/{embedding}/{transcript}.benchmark.jsonl"
    conda:
        "../../envs/ser.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(480),
    params:
        job=embed_job,
        code=code("embed"),
    shell:
        "ser embed --job {params.job:q} --transcripts data/{wildcards.corpus}/transcripts/{wildcards.transcript}"
        " --downloaded data/raw/embeddings/{wildcards.embedding} --out {output} > {log} 2>&1"
