# The runs of the experiment, from what is known of a corpus before it is read.
import atexit
import sys

from ser.preparation.accepted_rows import accepted_rows
from ser.checks.planned_folds import planned_folds
from ser.config.plan import Plan, without
from ser.config.read import features as shipped_features
from ser.config.variants import changes
from ser.preparation.corpus_root import check_folder, check_recordings
from ser.preparation.fold_counts import advice
from ser.preparation.joined_corpus import corpus_facts, corpus_rows


def adapter(corpus):
    return CONFIG.corpora[corpus].load()


def has_own_root(corpus):
    """True where the user names the folder of a release; the pipeline writes the others itself."""
    return CONFIG.corpora[corpus].root is not None


def release_folder(corpus):
    settings = CONFIG.corpora[corpus]
    if settings.folder is not None:
        check_folder(corpus, settings.folder)
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
    return corpus_facts(CONFIG.corpora, corpus, release_folder)


@cache
def shards(corpus):
    if joins := CONFIG.corpora[corpus].joins:
        return range(sum(len(shards(member)) for member in joins))
    return range(layout.shard_count(facts(corpus).utterances, CONFIG.corpora[corpus].shard_size))


@cache
@exit_on_error
def remaining_rows(corpus):
    """The rows that the settings of a corpus leave; None where its facts are all that is known."""
    settings, rows = CONFIG.corpora[corpus], corpus_rows(CONFIG.corpora, corpus, release_folder)
    if settings.joins:
        for member in settings.joins:
            remaining_rows(member)
    elif rows is not None:
        folder = release_folder(corpus)
        check_recordings(corpus, settings, folder, accepted_rows(settings, folder)[0])
    return rows


@cache
def folds_of(corpus, protocol):
    """The number of folds, and why there are none (0): a corpus may lack what a protocol needs."""
    try:
        return planned_folds(CONFIG.protocols[protocol], facts(corpus), remaining_rows(corpus)), ""
    except SerError as error:
        return 0, str(error)


@exit_on_error
def planned():
    """The plan, without the protocols that a corpus cannot fill: they stop no other, and are named in the report."""
    blocks = CONFIG.experiment.runs
    pairs = dict.fromkeys((c, p) for block in blocks for c in block.corpora for p in block.protocols)
    kept = [pair for pair in pairs if not folds_of(*pair)[1]]
    left_out, lines = {}, []
    for corpus, protocol in pairs.keys() - kept:
        left_out.setdefault(corpus, {})[protocol] = why = folds_of(corpus, protocol)[1]
        lines.append(f"protocol '{protocol}' on corpus '{corpus}': {why}")
    if not kept:
        raise SerError("\n".join(sorted(lines)))
    notes = [f"left out: {line}" for line in sorted(lines)]
    notes += filter(None, (advice(*pair, CONFIG.protocols[pair[1]], folds_of(*pair)[0]) for pair in kept))
    for note in notes:
        print(note, file=sys.stderr)
        if {"-n", "--dry-run", "--dryrun"} & set(sys.argv):  # which prints a page per job between this and the prompt
            atexit.register(print, note, file=sys.stderr)
    experiment = without(CONFIG.experiment, pairs.keys() - kept)
    return Plan(
        experiment=experiment,
        protocols={name: CONFIG.protocols[name] for name in experiment.selected("protocols")},
        systems={name: CONFIG.systems[name] for name in experiment.selected("systems")},
        folds={corpus: {p: folds_of(corpus, p)[0] for c, p in kept if c == corpus} for corpus, _ in kept},
        shards={corpus: len(shards(corpus)) for corpus in experiment.selected("corpora")},
        changes=changes(CONFIG, shipped_features(HOME / "config")),
        left_out=left_out,
    ).checked()


PLAN = planned()
RUNS = PLAN.runs()
USES = PLAN.runs_for_use()  # they test nothing: no score, comparison or ranking has them
RUN = layout.RUN
FOLDERS = [RUN.format(**run._asdict()) for run in RUNS]
CORPUS_SYSTEMS = sorted({(run.corpus, run.system) for run in RUNS})
CORPUS_PROTOCOLS = sorted({(run.corpus, run.protocol) for run in RUNS})
ALL_RUNS_MB = (
    2000 + len(RUNS) // 3
)  # a job that reads all runs needs up to 0.4 MB for each (docs/measurements/scale.md)
