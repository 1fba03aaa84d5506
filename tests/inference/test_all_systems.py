"""Every shipped system, predicted from the audio of its own test part, gives the rows of ``predictions.parquet``."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from tiny_project import SYSTEMS, TEXTS, Project, names_of_test

from ser.inference import predictions, trained_run
from ser.inference.recordings import Request
from ser.inference.system import System
from ser.tables import contracts

SAME = 1e-5  # of a probability
MODELS: dict[str, list[str]] = defaultdict(list)
for name, recipe in SYSTEMS.items():
    MODELS[recipe.model].append(name)


def wanted(system: System) -> list[Request]:
    text = TEXTS if system.needs_text else {}
    return [Request(Path("wav", f"{name}.wav"), name, text=text.get(name)) for name in names_of_test()]


@pytest.mark.usefixtures("shared_features")
@pytest.mark.parametrize("model", sorted(MODELS))
def test_the_answers_are_those_of_the_training(model: str, project: Project) -> None:
    for name in MODELS[model]:
        folder = project.train(name)
        table = contracts.read(contracts.PREDICTIONS, folder / "predictions.parquet").to_pylist()
        stored = {row["utterance"]: row for row in table}
        system, failures = System(trained_run.read(folder)), predictions.Failures()
        rows = list(predictions.predict(system, wanted(system), failures))
        assert not failures.found, name
        assert [request.name for request, _ in rows] == sorted(stored), name
        for request, answer in rows:
            assert answer.label == stored[request.name]["predicted"], name
            found = list(answer.probabilities.values())
            np.testing.assert_allclose(found, stored[request.name]["probabilities"], rtol=0, atol=SAME, err_msg=name)
        alone = next(predictions.predict(system, wanted(system)[:1], failures))[1]
        together = rows[0][1]
        assert alone.label == together.label, name
        for label, value in together.probabilities.items():
            assert alone.probabilities[label] == pytest.approx(value, abs=SAME), name
