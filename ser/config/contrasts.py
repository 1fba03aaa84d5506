"""Contrasts of an experiment: its runs have both systems, on the same recordings, with the same classes."""

from ser.config.renamed import require_known
from ser.config.schema import Config
from ser.errors import SerError, offenders


def check_contrasts(config: Config) -> None:
    """Raise SerError for a contrast whose systems, corpus or protocols the runs do not have, or have apart."""
    experiment = config.experiment
    systems, corpora, protocols = (experiment.selected(section) for section in ("systems", "corpora", "protocols"))
    for title, contrast in experiment.contrasts.items():
        where = f"experiment.contrasts.{title}"
        for key in ("better", "than"):
            require_known("system of the runs", [getattr(contrast, key)], systems, f"{where}.{key}")
        if contrast.than_corpus is not None:
            require_known("corpus of the runs", [contrast.than_corpus], corpora, f"{where}.than_corpus")
        for key in ("protocol", "than_protocol"):
            if (name := getattr(contrast, key)) is not None:
                require_known("protocol of the runs", [name], protocols, f"{where}.{key}")
        apart = [name for name in (contrast.than_corpus, contrast.than_protocol) if name is not None]
        if not apart and contrast.better == contrast.than:
            raise SerError(
                f"{where}: '{contrast.better}' is compared with itself; name another system, corpus or protocol."
            )
        settings = experiment.settings(contrast)
        if not settings:
            runs = [
                f"'{system}' runs on {offenders('/'.join(setting) for setting in experiment.ran(system))}"
                for system in (contrast.better, contrast.than)
            ]
            further = f" and on {' under '.join(apart)}" if apart else ""
            under = "" if contrast.than_protocol else " under one protocol"
            raise SerError(f"{where}: the systems do not run on one corpus{further}{under}: {' and '.join(runs)}.")
        for setting in settings:
            _check_alike(config, setting, contrast.other(*setting), where)


def _check_alike(config: Config, setting: tuple[str, str], other: tuple[str, str], where: str) -> None:
    """Raise SerError unless two corpora and protocols have the same recordings, classes and dimensions."""
    one, another = (config.corpora[corpus] for corpus, _ in (setting, other))
    if (one.adapter, one.options) != (another.adapter, another.options):
        raise SerError(f"{where}.than_corpus: '{other[0]}' does not have the recordings of '{setting[0]}'.")
    first, second = (config.protocols[protocol] for _, protocol in (setting, other))
    if first.labels != second.labels or first.target.dimensions != second.target.dimensions:
        raise SerError(
            f"{where}.than_protocol: '{other[1]}' does not have the classes or dimensions of '{setting[1]}'."
        )
