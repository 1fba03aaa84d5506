"""The metrics of an experiment: they must be of its protocols' kind of target, classes or dimensions."""

from ser.config.metric_names import OF_CLASSES, OF_DIMENSIONS
from ser.config.schema import Config
from ser.errors import SerError, offenders


def checked(config: Config) -> Config:
    """Return the configuration, with all metrics of dimensions where the target is that and none are named.

    SerError where the protocols of the runs have both kinds of target, or a metric is of the other kind.
    """
    experiment = config.experiment
    kinds: dict[bool, list[str]] = {False: [], True: []}
    for name in experiment.selected("protocols"):
        kinds[bool(config.protocols[name].target.dimensions)].append(name)
    if kinds[False] and kinds[True]:
        raise SerError(
            f"experiment.runs: an experiment has one kind of target; the protocols {offenders(kinds[True])} have "
            f"dimensions and {offenders(kinds[False])} have classes. Make an experiment of each."
        )
    if kinds[True] and "metrics" not in experiment.model_fields_set:
        return config.model_copy(update={"experiment": experiment.model_copy(update={"metrics": OF_DIMENSIONS})})
    kind, known = ("dimensions", OF_DIMENSIONS) if kinds[True] else ("classes", OF_CLASSES)
    if wrong := [name for name in experiment.metrics if name not in known]:
        names = offenders(kinds[True] or kinds[False])
        raise SerError(
            f"experiment.metrics: {offenders(wrong)} cannot be computed: the target of {names} is {kind}; known: "
            f"{', '.join(known)}."
        )
    return config
