"""The part of a configuration that an experiment selects: enough to list, score and report its runs."""

import json
from collections.abc import Collection
from itertools import product
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from ser.config.disturbances import Disturbance, of_experiment
from ser.config.entries import Strict, added
from ser.config.recipe import Recipe
from ser.config.renamed import require_known
from ser.config.schema import Experiment, Protocol
from ser.errors import SerError, offenders
from ser.files import embedded_checksum
from ser.layout import FOR_USE, Run


class Plan(Strict):
    """An experiment with the protocols and systems that it selects, and the fold counts of its corpora."""

    experiment: Experiment
    protocols: dict[str, Protocol]
    systems: dict[str, Recipe]
    folds: dict[str, dict[str, Annotated[int, Field(ge=1, le=100_000)]]] = Field(
        description="corpus: protocol: number of folds"
    )
    shards: dict[str, int] = Field(default_factory=dict, description="corpus: number of feature and transcript shards")
    left_out: dict[str, dict[str, str]] = added(
        {}, description="corpus: protocol that it cannot fill: why; the blocks of the experiment do without these"
    )
    changes: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="corpora.<name>, protocols.<name>, systems.<name>, not as shipped: key: shipped value → its value",
    )

    def checked(self) -> "Plan":
        """Return the plan itself; SerError if a block names an unknown protocol, system or fold."""
        for block in self.experiment.runs:
            require_known("protocol", block.protocols, self.protocols)
            require_known("system", block.systems, self.systems)
            for corpus, protocol in product(block.corpora, block.protocols):
                count = self.folds.get(corpus, {}).get(protocol)
                if count is None:
                    raise SerError(f"the plan has no fold count of {protocol} on {corpus}; plan again.")
                if beyond := [fold for fold in block.folds or () if fold >= count]:
                    raise SerError(f"{protocol} on {corpus} has folds 0 to {count - 1}; asked for {offenders(beyond)}.")
        return self

    def runs(self) -> list[Run]:
        """Return every run of the experiment that tests something, each once."""
        every: dict[Run, None] = {}
        for block in self.experiment.runs:
            for corpus, protocol in product(block.corpora, block.protocols):
                folds = range(self.folds[corpus][protocol]) if block.folds is None else block.folds
                jobs = product((corpus,), (protocol,), block.systems, block.seeds, folds)
                every.update(dict.fromkeys(Run(*job) for job in jobs))
        return list(every)

    def runs_for_use(self) -> list[Run]:
        """Return the runs that train on all speakers but those of dev, each once; they test nothing."""
        jobs = (product((one.corpus,), (one.protocol,), one.systems, one.seeds) for one in self.experiment.use)
        return list(dict.fromkeys(Run(*job, FOR_USE) for each in jobs for job in each))

    def disturbed(self) -> list[tuple[Run, Disturbance]]:
        """Return the runs that predict under conditions, each with each of the conditions; none unless asked for."""
        asked = self.experiment.robustness
        if asked is None:
            return []
        runs = [run for run in self.runs() if asked.systems is None or run.system in asked.systems]
        return list(product(runs, of_experiment(asked)))


def without(experiment: Experiment, pairs: Collection[tuple[str, str]]) -> Experiment:
    """Return the experiment without these pairs of a corpus and a protocol; a block that has none stays as it is."""
    blocks = []
    for block in experiment.runs:
        if not any(pair in pairs for pair in product(block.corpora, block.protocols)):
            blocks.append(block)
            continue
        for corpus in block.corpora:
            kept = tuple(protocol for protocol in block.protocols if (corpus, protocol) not in pairs)
            if kept:
                blocks.append(block.model_copy(update={"corpora": (corpus,), "protocols": kept}))
    use = tuple(one for one in experiment.use if (one.corpus, one.protocol) not in pairs)
    return experiment.model_copy(update={"runs": tuple(blocks), "use": use})


def read_plan(path: Path) -> Plan:
    """Return the plan in ``path``; SerError if it is missing, damaged, made by another version or not consistent."""
    try:
        embedded_checksum.verify(path)
        record = json.loads(path.read_text(encoding="utf-8"))
        return Plan.model_validate(
            {name: value for name, value in record.items() if name != embedded_checksum.KEY}
        ).checked()
    except FileNotFoundError as error:
        raise SerError(f"{path} does not exist; the rule 'plan' writes it.") from error
    except ValidationError as error:
        raise SerError(f"{path} is not a plan of this version: {error.errors()[0]['msg']}.") from error
    except (ValueError, AttributeError) as error:
        raise SerError(f"{path} is not a plan ({error}); delete it and run again.") from error
