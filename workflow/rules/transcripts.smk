# From a manifest, and from 16 kHz audio where a recogniser listens, to transcripts and the vectors of their words.


wildcard_constraints:
    transcript="[^/]+",
    embedding="[^/]+",


rule transcribe:
    """What was said in one shard."""
    input:
        manifest="data/{corpus}/manifest.parquet",
        audio=heard_audio,
        model=heard_by,
    output:
        "data/{corpus}/transcripts/{transcript}/{shard}.parquet",
    log:
        "logs/transcribe/{corpus}/{transcript}/{shard}.log",
    benchmark:
        "logs/transcribe/{corpus}/{transcript}/{shard}.benchmark.jsonl"
    conda:
        "../../envs/ser.yaml"
    threads: 1
    resources:
        mem_mb=growing(6000),
        runtime=growing(480),
        gpu=lambda w: int(listens_on_gpu(w)),
        jobs_per_gpu=CONFIG.devices.jobs_per_gpu,
    params:
        listening=listening,
        code=listening_code,
        versions=lambda w: versions("nltk", *getattr(listener(w), "DEPENDS", ())),
    shell:
        "ser transcribe --manifest {input.manifest} --shard {wildcards.shard} {params.listening}"
        " --gpus {resources.gpu} --jobs-per-gpu {resources.jobs_per_gpu} --out {output} > {log} 2>&1"


rule embed:
    """Vectors of the words that a corpus's transcripts hold."""
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
        transcripts=lambda w: layout.transcripts(w.corpus, w.transcript),
        shards=lambda w: len(shards(w.corpus)),
        source=lambda w: CONFIG.embeddings[w.embedding].source,
        checksum=checksum,
        downloaded=lambda w: f"data/raw/embeddings/{w.embedding}",
        code=catalog.fingerprint("ser.stages.embed"),
    shell:
        "ser embed --transcripts {params.transcripts} --shards {params.shards} --source {params.source:q}"
        " {params.checksum} --downloaded {params.downloaded} --out {output} > {log} 2>&1"
