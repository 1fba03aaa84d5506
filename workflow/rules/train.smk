# One job per corpus, protocol, system, seed and fold.
from ser.stages.train import TrainJob


def words(system):
    """How a system reads transcripts; None where it reads none."""
    return CONFIG.systems[system].inputs.words


def transcript_index(corpus, system):
    read = words(system)
    return [str(layout.index(layout.transcripts(corpus, read.transcript)))] if read else []


def word_vectors(corpus, system):
    """Word vectors to start from, where the recipe names some and the configuration has a source for them."""
    read = words(system)
    if read is None or read.embedding is None or CONFIG.embeddings[read.embedding].source is None:
        return []
    return [str(layout.embedding(corpus, read.embedding, read.transcript))]


@cache
def training_inputs(corpus, system):
    """What a training reads apart from its folds."""
    return {
        "features": feature_indexes(corpus, system),
        "transcripts": transcript_index(corpus, system),
        "embedding": word_vectors(corpus, system),
    }


@cache
def training_data(corpus, system):
    """The same as fields of its job."""
    read = words(system)
    return {
        "features": feature_folders(corpus, system),
        "transcripts": layout.transcripts(corpus, read.transcript) if read else None,
        "embedding": next(iter(word_vectors(corpus, system)), None),
        "shards": len(shards(corpus)),
    }


@exit_on_error
def train_job(w):
    names = {"corpus": w.corpus, "protocol": w.protocol, "system": w.system, "seed": w.seed, "fold": w.fold}
    return TrainJob.params(**names, recipe=CONFIG.systems[w.system], **training_data(w.corpus, w.system))


@cache
def training_code(system):
    recipe = CONFIG.systems[system]
    return code("train", f"ser.models.{recipe.model}", options=training_options(recipe))


def is_network(system):
    """False where scikit-learn does the fitting, without a GPU."""
    return catalog.constant("models", CONFIG.systems[system].model, "KIND") != "estimator"


def training_memory(wildcards, attempt):
    """A training holds its fold: up to 0.25 MB per utterance of 4.4 s, in the widest feature (docs/measurements/scale.md)."""
    return attempt * max(8000, 2000 + facts(wildcards.corpus).utterances // 4)


rule train_fold:
    """One system, seed and fold: fit on train, select on dev, predict test."""
    input:
        unpack(lambda w: training_inputs(w.corpus, w.system)),
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
    threads: 2
    resources:
        mem_mb=training_memory,
        runtime=growing(720),
        gpu=lambda w: int(is_network(w.system)),
        jobs_per_gpu=CONFIG.devices.jobs_per_gpu,
    params:
        job=train_job,
        out=subpath(output.card, parent=True),
        code=lambda w: training_code(w.system),
        versions=versions("torch", "scikit-learn"),
    shell:
        "ser train --job {params.job:q} --folds {input.folds} --out {params.out:q} --threads {threads}"
        " --gpus {resources.gpu} --jobs-per-gpu {resources.jobs_per_gpu} --code {params.code} > {log} 2>&1"


rule train:
    """Target: every run of the experiment."""
    input:
        [f"{folder}/predictions.parquet" for folder in FOLDERS],
        read_shards,
