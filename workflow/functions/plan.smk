# The runs of the experiment, from what is known of a corpus before it is read.
from ser.accepted_rows import accepted_facts
from ser.config.plan import Plan
from ser.config.read import features as shipped_features
from ser.config.variants import changes


def adapter(corpus):
    return CONFIG.corpora[corpus].load()


def has_own_root(corpus):
    """True where the user names the folder of a release; the pipeline writes the others itself."""
    return CONFIG.corpora[corpus].root is not None


def release_folder(corpus):
    settings = CONFIG.corpora[corpus]
    if settings.folder is not None:
        return settings.folder
    if settings.archive is None and not hasattr(adapter(corpus), "release"):
        raise SerError(
            f"corpora.{corpus} has neither root nor archive. Give the folder of your release, for example "
            f"--config 'corpora={{{corpus}: {{root: /path/to/release}}}}'."
        )
    return Path("data/raw", corpus)


@cache
@exit_on_error
def facts(corpus):
    """Number of utterances, speakers and sessions, known before the corpus is read."""
    return accepted_facts(CONFIG.corpora[corpus], release_folder(corpus))


@cache
def shards(corpus):
    return range(layout.shard_count(facts(corpus).utterances, CONFIG.corpora[corpus].shard_size))


@cache
@exit_on_error
def fold_count(corpus, protocol):
    entry = CONFIG.protocols[protocol]
    try:
        return entry.load().folds(facts(corpus), **entry.options)
    except SerError as error:
        raise SerError(f"protocol '{protocol}' on corpus '{corpus}': {error}") from error


@exit_on_error
def planned():
    pairs = [(c, p) for block in CONFIG.experiment.runs for c in block.corpora for p in block.protocols]
    folds = {c: {p: fold_count(c, p) for d, p in pairs if d == c} for c, _ in pairs}
    return Plan(
        experiment=CONFIG.experiment,
        protocols={name: CONFIG.protocols[name] for name in CONFIG.experiment.selected("protocols")},
        systems={name: CONFIG.systems[name] for name in CONFIG.experiment.selected("systems")},
        folds=folds,
        shards={corpus: len(shards(corpus)) for corpus in CONFIG.experiment.selected("corpora")},
        changes=changes(CONFIG, shipped_features(HOME / "config")),
    ).checked()


PLAN = planned()
RUNS = PLAN.runs()
RUN = layout.RUN
FOLDERS = [RUN.format(**run._asdict()) for run in RUNS]
CORPUS_SYSTEMS = sorted({(run.corpus, run.system) for run in RUNS})
CORPUS_PROTOCOLS = sorted({(run.corpus, run.protocol) for run in RUNS})
ALL_RUNS_MB = (
    2000 + len(RUNS) // 3
)  # a job that reads all runs needs up to 0.4 MB for each (docs/measurements/scale.md)
