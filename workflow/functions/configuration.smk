# The configuration, and what several stages need.
import atexit
import gc
import json
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from ser import catalog, layout
from ser.config import tracking
from ser.config.read import merged, read_yaml, resolve
from ser.errors import SerError
from ser.provenance.code_hash import code_hash, record, training_options

# A plan of thousands of jobs is millions of objects that all stay: collecting garbage among them takes a quarter of the
# time of planning, and three more seconds when Python ends.
gc.set_threshold(100_000, 50, 100)
atexit.register(gc.freeze)


wildcard_constraints:
    corpus="[^/]+",
    feature="[^/+]+",  # after + the name of a disturbed copy
    transcript="[^/]+",
    embedding="[^/]+",
    protocol="[^/]+",
    system="[^/]+",
    shard=r"\d+",
    seed=r"\d+",
    fold=r"\d+",


def exit_on_error(function):
    """End Snakemake with the message of a SerError alone; a traceback would print lines of this file."""

    def wrapped(*arguments):
        try:
            return function(*arguments)
        except SerError as error:
            raise SystemExit(f"error: {error}") from None

    return wrapped


@exit_on_error
def resolved(raw):
    if "experiment" not in raw:
        raw = merged(raw, read_yaml(HOME / "config/experiments/demo.yaml"))
    return resolve(raw, HOME / "config")


CONFIG = resolved(config)
RESULTS = f"results/{CONFIG.experiment.name}"
TRACKING = tracking.variable(CONFIG.tracking, CONFIG.experiment.name)


def growing(amount):
    """A resource of which a retried job asks for double, then triple the amount."""
    return lambda wildcards, attempt: amount * attempt


@cache
def versions(*distributions):
    """The versions of the libraries that a rule's result depends on: part of its params, so that a change reruns the job."""
    found = {}
    for name in distributions:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def code(stage, *modules, options=None):
    """The hash of the code that decides a stage's numbers: part of its params (docs/reruns.md)."""
    found = code_hash(stage, *modules, options=options)
    record(found, stage, *modules, options=options)
    return found


def literal(path):
    """A user's file as an input of a rule. Snakemake would read a name in braces as a wildcard."""
    if "{" in str(path):
        raise SerError(f"{path}: the path of an input cannot contain braces; rename the file or its folder.")
    return str(path)
