# One job per corpus, protocol, system, seed and fold.


rule train_fold:
    """One run: fit on train, select the epoch on dev, predict test."""
    input:
        unpack(lambda w: training_inputs(w.corpus, w.system)),
        copies=lambda w: copy_indexes(w.corpus, w.system, w.protocol, int(w.fold)),
        folds="data/{corpus}/folds/{protocol}.parquet",
    output:
        predictions=f"{RUN}/predictions.parquet",
        history=f"{RUN}/history.parquet",
        attention=f"{RUN}/attention.parquet",
        model=f"{RUN}/model.safetensors",
        card=f"{RUN}/run.json",
    log:
        "logs/train/{corpus}/{protocol}/{system}/seed{seed}-fold{fold}.log",
    benchmark:
        f"{RUN}/benchmark.jsonl"
    conda:
        "../../envs/ser.yaml"
    threads: 1  # one process per core trains more than one over all: set-threads for a large network and few runs
    resources:
        mem_mb=training_memory,
        runtime=growing(720),
        gpu=lambda w: int(is_network(w.system)),
        jobs_per_gpu=CONFIG.devices.jobs_per_gpu,
        fold_data=CONFIG.devices.fold_data,
    params:
        job=train_job,
        out=subpath(output.card, parent=True),
        code=lambda w: training_code(w.system),
        versions=versions("torch", "scikit-learn"),
    shell:
        "ser train --job {params.job:q} --folds {input.folds} --out {params.out:q} --threads {threads}"
        " --gpus {resources.gpu} --jobs-per-gpu {resources.jobs_per_gpu} --fold-data {resources.fold_data}"
        " --memory {resources.mem_mb} --code {params.code} > {log} 2>&1"


rule train:
    """Target: every run of the experiment."""
    input:
        f"{RESULTS}/plan.json",
        [f"{folder}/predictions.parquet" for folder in FOLDERS],
        read_shards,
