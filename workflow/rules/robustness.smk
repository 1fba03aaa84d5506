# The test utterances of a run under conditions, where the experiment asks for them.


rule disturb:
    """One run and one condition: disturb its test utterances, extract their features, predict them."""
    input:
        card=f"{RUN}/run.json",
        model=f"{RUN}/model.safetensors",
        folds="data/{corpus}/folds/{protocol}.parquet",
        manifest="data/{corpus}/manifest.parquet",
        audio=lambda w: audio_shards(w.corpus),
        transcripts=lambda w: transcript_index(w.corpus, w.system),
        weights=trained_weights_of,
    output:
        f"{RUN}/robustness/{{condition}}-{{digest}}.parquet",
    log:
        "logs/disturb/{corpus}/{protocol}/{system}/seed{seed}-fold{fold}-{condition}-{digest}.log",
    benchmark:
        "logs/disturb/{corpus}/{protocol}/{system}/seed{seed}-fold{fold}-{condition}-{digest}.benchmark.jsonl"
    wildcard_constraints:
        condition="[a-z0-9_]+",
        digest="[0-9a-f]{8}",
    conda:
        "../../envs/ser.yaml"
    threads: 1
    resources:
        mem_mb=growing(6000),
        runtime=growing(240),
        gpu=uses_gpu_to_disturb,
        jobs_per_gpu=CONFIG.devices.jobs_per_gpu,
    params:
        job=disturb_job,
        run=subpath(input.card, parent=True),
        code=disturb_code,
        versions=disturb_versions,
    shell:
        "ser disturb --job {params.job:q} --run {params.run:q} --out {output:q} --threads {threads}"
        " --gpus {resources.gpu} --jobs-per-gpu {resources.jobs_per_gpu} > {log} 2>&1"


rule robustness:
    """Target: every run under every condition that the experiment asks for."""
    input:
        DISTURBED,
