# The configuration, the path grammar and what is known of a corpus before it is read.
import atexit
import gc
import json
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from shlex import quote

from snakemake.exceptions import WorkflowError

from ser import catalog, layout
from ser.config import extractors
from ser.config.options import local_files, uses_device
from ser.config.plan import Plan
from ser.config.read import features, merged, read_yaml, resolve
from ser.config.variants import changes
from ser.errors import SerError
from ser.files.sources import digest_of_files
from ser.report import registry

# A plan of thousands of jobs is millions of objects that all stay: looking for garbage among them takes a quarter of the
# time that planning takes, and once more three seconds when Python ends.
gc.set_threshold(100_000, 50, 100)
atexit.register(gc.freeze)

HOME = Path(workflow.basedir)
RUN = layout.RUN
TRAINED = {"train_xvector": "data/{corpus}/xvector.safetensors"}  # rules that train weights for extractors


wildcard_constraints:
    corpus="[^/]+",
    feature="[^/]+",
    protocol="[^/]+",
    system="[^/]+",
    shard=r"\d+",
    seed=r"\d+",
    fold=r"\d+",


def growing(amount):
    """A resource that a retried job asks for again in double, then triple amount."""
    return lambda wildcards, attempt: amount * attempt


def told(function):
    """Turn an error meant for the user into one that Snakemake prints without a traceback."""

    def wrapped(*arguments):
        try:
            return function(*arguments)
        except SerError as error:
            raise WorkflowError(str(error)) from None

    return wrapped


@told
def resolved(raw):
    if "experiment" not in raw:
        raw = merged(raw, read_yaml(HOME / "config/experiments/demo.yaml"))
    return resolve(raw, HOME / "config")


CONFIG = resolved(config)
RESULTS = f"results/{CONFIG.experiment.name}"


def adapter(corpus):
    return catalog.load("corpora", CONFIG.corpora[corpus].adapter)


def made_here(corpus):
    """True where the pipeline unpacks or writes the release itself."""
    return CONFIG.corpora[corpus].root is None


def root(corpus):
    settings = CONFIG.corpora[corpus]
    if settings.root is not None:
        return Path(settings.root).expanduser()
    if settings.archive is None and not hasattr(adapter(corpus), "release"):
        raise SerError(
            f"corpora.{corpus} says neither root nor archive. Give the folder of your release, for example "
            f"--config 'corpora={{{corpus}: {{root: /path/to/release}}}}'."
        )
    return Path("data/raw", corpus)


@cache
@told
def facts(corpus):
    settings = CONFIG.corpora[corpus]
    allow_subset = "subset" in settings.allow and not made_here(corpus)
    return adapter(corpus).facts(root(corpus), allow_subset=allow_subset, **settings.options)


@cache
@told
def fold_count(corpus, protocol):
    entry = CONFIG.protocols[protocol]
    try:
        return catalog.load("protocols", entry.rule).folds(facts(corpus), **entry.options)
    except SerError as error:
        raise SerError(f"protocol '{protocol}' on corpus '{corpus}': {error}") from error


def literal(path):
    """A user's file as an input of a rule, where Snakemake would read a name in braces as a wildcard."""
    if "{" in str(path):
        raise SerError(f"{path}: an input's path cannot hold braces; rename the file or its folder.")
    return str(path)


@cache
def shards(corpus):
    return range(layout.shard_count(facts(corpus).utterances, CONFIG.corpora[corpus].shard_size))


@told
def planned():
    pairs = [(c, p) for block in CONFIG.experiment.runs for c in block.corpora for p in block.protocols]
    folds = {c: {p: fold_count(c, p) for d, p in pairs if d == c} for c, _ in pairs}
    return Plan(
        experiment=CONFIG.experiment,
        protocols={name: CONFIG.protocols[name] for name in CONFIG.experiment.protocols()},
        systems={name: CONFIG.systems[name] for name in CONFIG.experiment.systems()},
        folds=folds,
        shards={corpus: len(shards(corpus)) for corpus in CONFIG.experiment.corpora()},
        changes=changes(CONFIG, features(HOME / "config")),
    ).checked()


PLAN = planned()
RUNS = PLAN.runs()
FOLDERS = [RUN.format(**run._asdict()) for run in RUNS]
LEARNERS = sorted({(run.corpus, run.system) for run in RUNS})
DIVISIONS = sorted({(run.corpus, run.protocol) for run in RUNS})
