# Inputs and params of the rule that extracts features of disturbed copies, for training.
from ser.config.copies import copies
from ser.stages.augment import AugmentJob

COPIES = {
    one.name: one
    for run in (*RUNS, *USES)
    for one in copies(CONFIG.systems[run.system].training.augmentation, run.protocol, run.fold)
}


@cache
def copies_of(system, protocol, fold):
    return copies(CONFIG.systems[system].training.augmentation, protocol, fold)


def copy_indexes(corpus, system, protocol, fold):
    """Indexes of the features of the disturbed copies of a fold's train part."""
    folders = feature_folders(corpus, system).values()
    return [
        str(layout.index(layout.of_copy(folder, one.name)))
        for one in copies_of(system, protocol, fold)
        for folder in folders
    ]


@cache
def all_copy_indexes():
    runs = sorted({(run.corpus, run.system, run.protocol, run.fold) for run in (*RUNS, *USES)})
    return sorted({path for run in runs for path in copy_indexes(*run)})


def copied_shard(w):
    """The audio of a shard; of a feature of transcripts its own shard, whose words the copies keep."""
    kind = f"features/{w.feature}" if w.feature in TEXT_FEATURES else "audio"
    return f"data/{w.corpus}/{kind}/{w.shard}.parquet"


def folds_of_voices(w):
    """The folds whose train part gives the voices of others, where the condition needs some."""
    protocol = COPIES[w.disturbed].protocol
    return [] if protocol is None else str(layout.folds(w.corpus, protocol))


def shards_of_voices(w):
    return [] if COPIES[w.disturbed].protocol is None else audio_shards(w.corpus)


@exit_on_error
def augment_job(w):
    entry, one = feature(w), COPIES[w.disturbed]
    return AugmentJob.params(
        feature=w.feature,
        extractor=entry.extractor,
        options=entry.options,
        condition=one.condition,
        strength=one.strength,
        seed=one.seed,
        protocol=one.protocol,
        fold=one.fold,
        shards=len(shards(w.corpus)),
    )


def augment_code(w):
    modules = f"ser.conditions.{COPIES[w.disturbed].condition}", f"ser.features.{CONFIG.features[w.feature].extractor}"
    return code("augment", *modules)


def augment_versions(w):
    of_condition = catalog.constant("conditions", COPIES[w.disturbed].condition, "DEPENDS") or ()
    return versions("scipy", *of_condition, *CONFIG.features[w.feature].load().DEPENDS)
