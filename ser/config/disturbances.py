"""The conditions of an experiment, with the strengths that it asks for."""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from ser import catalog
from ser.config.definitions import problems
from ser.config.extractors import transcript
from ser.config.joins import normalises_by_corpus
from ser.config.options import uses_name
from ser.config.renamed import require_known
from ser.config.schema import Config, Robustness
from ser.errors import SerError, offenders

# Of the tests that a system should pass (ser/evaluation/model_tests.py). MILD: condition and strength that it should
# bear; UNNOTICED: changes after which its answers should stay.
MILD: Final = {
    "white_noise": 20.0,
    "babble": 20.0,
    "reverberation": 0.3,
    "telephone": 3400.0,
    "microphone": 10.0,
    "mp3": 16.0,
    "opus": 16.0,
    "clipping": 1.0,
}
UNNOTICED: Final = (("gain", -6.0), ("gain", 6.0), ("shift", 0.05), ("start_missing", 5.0), ("end_missing", 5.0))


@dataclass(frozen=True)
class Disturbance:
    """A module in ``ser/conditions``, its strengths, mild to strong, and the seed of what it draws."""

    condition: str
    strengths: tuple[float, ...]
    seed: int = 0

    @property
    def digest(self) -> str:
        """Return 8 hexadecimal digits over all of it."""
        text = json.dumps([self.condition, self.strengths, self.seed])
        return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()


def of_experiment(robustness: Robustness) -> list[Disturbance]:
    """Return the conditions of an experiment in its order, with the module's own strengths where it names none.

    With ``tests`` each has the strengths of the tests first, where they are not named, and other conditions follow.
    """
    named = {name: strengths or _own(name) for name, strengths in robustness.conditions.items()}
    for name in dict.fromkeys((*MILD, *(name for name, _ in UNNOTICED))) if robustness.tests else ():
        there = named.get(name, ())
        wanted = (strength for one, strength in (*MILD.items(), *UNNOTICED) if one == name)
        named[name] = (*(strength for strength in wanted if strength not in there), *there)
    return [Disturbance(name, strengths, robustness.seed) for name, strengths in named.items()]


def checked(config: Config) -> Config:
    """Return the configuration with the strengths of every condition.

    SerError for an unknown condition, a strength that it does not have, and a system that needs more than the sound.
    """
    asked = config.experiment.robustness
    if asked is None:
        return config
    where = "experiment.robustness"
    if not asked.conditions and not asked.tests:
        raise SerError(f"{where}: name conditions, or set 'tests: true' for those of the tests of ser assess.")
    check_conditions(asked.conditions, f"{where}.conditions")
    conditions = {one.condition: one.strengths for one in of_experiment(asked)}
    for name, strengths in conditions.items():
        check_strengths(name, strengths, f"{where}.conditions.{name}")
    systems = config.experiment.selected("systems")
    require_known("system of the runs", asked.systems or (), systems, f"{where}.systems")
    for system in asked.systems or systems:
        if why := _not_from_sound(config, system):
            raise SerError(
                f"{where}: '{system}' {why}, and so cannot predict disturbed recordings; name the other systems under "
                f"'{where}.systems'."
            )
    found = asked.model_copy(update={"conditions": conditions})
    return config.model_copy(update={"experiment": config.experiment.model_copy(update={"robustness": found})})


def _own(condition: str) -> tuple[float, ...]:
    strengths = catalog.constant("conditions", condition, "STRENGTHS")
    assert isinstance(strengths, tuple)
    return strengths


def check_conditions(conditions: Collection[str], where: str) -> None:
    """Raise SerError for a condition that does not exist, or whose file lacks a definition."""
    require_known("condition", conditions, catalog.names("conditions"), where)
    for name in conditions:
        if wrong := problems("conditions", name):
            raise SerError(f"{where}: ser/conditions/{name}.py: {'; '.join(wrong)}. See docs/adding.md.")


def check_strengths(condition: str, strengths: Sequence[float], where: str) -> None:
    """Raise SerError for a strength that the condition does not have, or that is named twice."""
    limits, only = (catalog.constant("conditions", condition, name) for name in ("LIMITS", "ONLY"))
    axis = catalog.constant("conditions", condition, "AXIS")
    assert isinstance(limits, tuple)
    if wrong := [one for one in strengths if not limits[0] <= one <= limits[1]]:
        raise SerError(f"{where}: {offenders(wrong)} is out of range; {axis}: {limits[0]:g} to {limits[1]:g}.")
    if isinstance(only, tuple) and (wrong := [one for one in strengths if one not in only]):
        raise SerError(f"{where}: there is no {offenders(wrong)}; {axis}: {', '.join(map(str, only))}.")
    if len(set(strengths)) < len(strengths):
        raise SerError(f"{where}: a strength is named twice: {', '.join(map(str, strengths))}.")


def _not_from_sound(config: Config, system: str) -> str:
    """Return why a system cannot be predicted from sound alone; "" where it can."""
    if catalog.model_kind(config.systems[system].model) == "external":
        return "is a table of predictions"
    inputs = config.systems[system].inputs
    views = inputs.views().values()
    named = {view.feature: config.features[view.feature] for view in views if view.feature in config.features}
    if vectors := [name for name, feature in named.items() if uses_name(feature)]:
        return f"reads feature '{vectors[0]}', vectors of named utterances from a file"
    read = {transcript(feature) for feature in named.values()}
    read |= set() if inputs.words is None else {inputs.words.transcript}
    if given := [name for name, entry in config.transcripts.items() if name in read and entry.recogniser is None]:
        return f"reads given transcripts ('{given[0]}')"
    protocols = (name for _, name in config.experiment.ran(system))
    if by_corpus := [name for name in protocols if normalises_by_corpus(config.protocols[name], inputs)]:
        return f"is normalised by the statistics of a corpus (protocol '{by_corpus[0]}')"
    return ""
