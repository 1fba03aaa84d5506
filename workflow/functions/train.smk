# Inputs and params of the training rule.
from ser.config.options import local_files
from ser.stages.train import TrainJob
from ser.stages.train_for_use import TrainForUseJob


def words(system):
    """How a system reads transcripts; None where it reads none."""
    return CONFIG.systems[system].inputs.words


def transcript_index(corpus, system):
    read = words(system)
    return [str(layout.index(layout.transcripts(corpus, read.transcript)))] if read else []


def word_vectors(corpus, system):
    """File of the initial word vectors, if the recipe names some and the configuration has a source for them."""
    read = words(system)
    if read is None or read.embedding is None or CONFIG.embeddings[read.embedding].source is None:
        return []
    return [str(layout.embedding(corpus, read.embedding, read.transcript))]


@cache
@exit_on_error
def training_inputs(corpus, system):
    """What a training reads apart from its folds."""
    return {
        "features": feature_indexes(corpus, system),
        "transcripts": transcript_index(corpus, system),
        "embedding": word_vectors(corpus, system),
        "files": [literal(path) for path in local_files(CONFIG.systems[system])],
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


@exit_on_error
def train_for_use_job(w):
    names = {"corpus": w.corpus, "protocol": w.protocol, "system": w.system, "seed": w.seed}
    return TrainForUseJob.params(**names, recipe=CONFIG.systems[w.system], **training_data(w.corpus, w.system))


@cache
def training_code_for_use(system):
    recipe = CONFIG.systems[system]
    return code("train_for_use", f"ser.models.{recipe.model}", options=training_options(recipe))


def is_network(system):
    """False if scikit-learn fits the model, on the CPU, or another system gave the answers."""
    return catalog.model_kind(CONFIG.systems[system].model) == "network"


def training_memory(wildcards, attempt):
    """Up to 0.25 MB per utterance of 4.4 s in the widest of our features; a fold that needs more than half is mapped."""
    trained = facts(wildcards.corpus).utterances * (1 + len(copies_of(wildcards.system, wildcards.protocol, 0)))
    return attempt * min(32000, max(8000, 2000 + trained // 4))
