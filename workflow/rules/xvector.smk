# Weights of the x-vector extractor from a corpus's own speakers.


rule train_xvector:
    """X-vector weights from the corpus's speakers, used only where no published weights are configured."""
    input:
        recordings="data/{corpus}/recordings.parquet",
        audio=lambda w: audio_shards(w.corpus),
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
        epochs=3,
        seed=0,
        code=code("train_xvector"),
        versions=versions("torch"),
    shell:
        "ser train-xvector --recordings {input.recordings} --audio data/{wildcards.corpus}/audio --out {output}"
        " --epochs {params.epochs} --seed {params.seed} --threads {threads}"
        " --gpus {resources.gpu} --jobs-per-gpu {resources.jobs_per_gpu} > {log} 2>&1"
