# What a job reads and is told: input and parameter functions, by phase.


@told
def release(wildcards):
    """The release's marker where the pipeline makes it; nothing where the user names a folder."""
    return [f"data/raw/{wildcards.corpus}/release.json"] if made_here(wildcards.corpus) else []


@told
def corpus_root(wildcards):
    return str(root(wildcards.corpus))


@told
def source_digest(wildcards):
    """A hash of the contents of all files that the reader reads: a touched file changes nothing, an edited one does."""
    corpus = wildcards.corpus
    if made_here(corpus):
        return ""
    folder = root(corpus)
    files = adapter(corpus).sources(folder, **CONFIG.corpora[corpus].options)
    return digest_of_files(files, folder, Path("data", corpus, ".sources.json"))


def adapter_code(stage):
    return lambda wildcards: catalog.fingerprint(
        f"ser.stages.{stage}", f"ser.corpora.{CONFIG.corpora[wildcards.corpus].adapter}"
    )


def system_features(system):
    return sorted({view.feature for view in CONFIG.systems[system].inputs.views().values()})


@cache
def versions(*distributions):
    """The versions of the libraries that a rule's result depends on: part of its params, so that a change reruns it."""
    found = {}
    for name in distributions:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def extractor_options(wildcards):
    """The extractor's options, with the file of the rule that trains it where the configuration names none."""
    options = dict(CONFIG.features[wildcards.feature].options)
    for option, rule in extractors.trained(extractor(wildcards)).items():
        options[option] = options.get(option) or TRAINED[rule].format(corpus=wildcards.corpus)
    return options


@told
def extractor_files(wildcards):
    """Files beside the audio that the extractor reads; an error for an extractor that does not keep the contract."""
    options = extractor_options(wildcards)
    extractors.check(catalog.load("features", extractor(wildcards)), options)
    return [literal(path) for path in local_files("features", extractor(wildcards), options)]


def extractor(wildcards):
    return CONFIG.features[wildcards.feature].extractor


@cache
def feature_indexes(corpus, system):
    return [str(layout.index(layout.features(corpus, name))) for name in system_features(system)]


@cache
def recipe(system):
    return CONFIG.systems[system].decisive()


@cache
def material(corpus, system):
    """What a training reads beside its folds, as inputs of its rule."""
    return {
        "features": feature_indexes(corpus, system),
        "transcripts": transcript_index(corpus, system),
        "embedding": word_vectors(corpus, system),
    }


@cache
def material_arguments(corpus, system):
    """The same as arguments of its command."""
    features = [f"--features {name}={layout.features(corpus, name)}" for name in system_features(system)]
    return " ".join([*features, *word_arguments(corpus, system), f"--shards {len(shards(corpus))}"])


def training_memory(wildcards, attempt):
    """A training holds its fold: up to 0.25 MB per utterance of 4.4 s, in the widest feature (docs/measurements/scale.md)."""
    return attempt * max(8000, 2000 + facts(wildcards.corpus).utterances // 4)


# What reads all runs at once holds up to 0.4 MB of each (docs/measurements/scale.md).
ALL_RUNS_MB = 2000 + len(RUNS) // 3


def read_shards():
    """Every shard of the features and transcripts that the systems read. The index stands for them in a training, so that
    a lost one is made anew only where a target asks for it."""
    indexes = {
        (corpus, path)
        for corpus, system in LEARNERS
        for path in [*feature_indexes(corpus, system), *transcript_index(corpus, system)]
    }
    return sorted(f"{Path(path).parent}/{shard}.parquet" for corpus, path in indexes for shard in shards(corpus))


def is_network(system):
    """False where scikit-learn does the fitting, which knows no GPU."""
    return catalog.constant("models", CONFIG.systems[system].model, "KIND") != "estimator"


def fingerprint_shards(corpus):
    return [f"data/{corpus}/fingerprints/{shard}.parquet" for shard in shards(corpus)]


def audit_tables():
    """The leakage audit of every corpus and protocol of the experiment."""
    return [layout.audit(*division) for division in DIVISIONS]
