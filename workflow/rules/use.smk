# What is trained for new recordings: no test part, and so no score.


rule train_for_use:
    """One run for use: fit on all speakers but those of dev, select the epoch on dev, predict dev."""
    input:
        unpack(lambda w: training_inputs(w.corpus, w.system)),
        copies=lambda w: copy_indexes(w.corpus, w.system, w.protocol, layout.FOR_USE),
        folds="data/{corpus}/folds/{protocol}.parquet",
    output:
        predictions=f"{layout.RUN_FOR_USE}/{layout.DEV_PREDICTIONS}",
        history=f"{layout.RUN_FOR_USE}/history.parquet",
        model=f"{layout.RUN_FOR_USE}/model.safetensors",
        card=f"{layout.RUN_FOR_USE}/run.json",
    log:
        "logs/train/{corpus}/{protocol}/{system}/seed{seed}-use.log",
    benchmark:
        f"{layout.RUN_FOR_USE}/benchmark.jsonl"
    conda:
        "../../envs/ser.yaml"
    threads: 1
    resources:
        mem_mb=training_memory,
        runtime=growing(720),
        gpu=lambda w: int(is_network(w.system)),
        jobs_per_gpu=CONFIG.devices.jobs_per_gpu,
        fold_data=CONFIG.devices.fold_data,
    params:
        job=train_for_use_job,
        out=subpath(output.card, parent=True),
        code=lambda w: training_code_for_use(w.system),
        versions=versions("torch", "scikit-learn"),
    shell:
        "ser train-for-use --job {params.job:q} --folds {input.folds} --out {params.out:q} --threads {threads}"
        " --gpus {resources.gpu} --jobs-per-gpu {resources.jobs_per_gpu} --fold-data {resources.fold_data}"
        " --memory {resources.mem_mb} --code {params.code} > {log} 2>&1"


rule use:
    """Target: every run for use of the experiment."""
    input:
        [run.folder / "run.json" for run in USES],
