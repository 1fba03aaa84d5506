"""A report contains transcripts only where the experiment asks for them, and never audio."""

import re
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from ser import layout
from ser.config.plan import Plan
from ser.config.recipe import Inputs, Words
from ser.config.schema import Block
from ser.tables import contracts

GIVEN = "<b>confidential</b> sentence number"
RECOGNISED = "what a recogniser took for"
SOUND = (b"RIFF", b"fLaC", b"OggS", b"ID3", b"<audio", b"data:audio", b"audio/wav")


def asked(plan: Plan) -> Plan:
    """Return the plan with the option, and a system that reads recognised words."""
    experiment = plan.experiment.model_copy(update={"words": True})
    reader = plan.systems["Audio-CNN"]
    inputs = Inputs(frames=reader.inputs.frames, words=Words(transcript="recogniser"))
    systems = {**plan.systems, "Audio-CNN": reader.model_copy(update={"inputs": inputs})}
    return plan.model_copy(update={"experiment": experiment, "systems": systems, "shards": {"demo": 1}})


def write_texts(plan: Plan) -> None:
    """Write a manifest and a transcript with a sentence for every utterance of the runs."""
    names = sorted(
        {
            name
            for run in plan.runs()
            for name in contracts.read(contracts.PREDICTIONS, run.folder / "predictions.parquet")[
                "utterance"
            ].to_pylist()
        }
    )
    facts = {"audio": "u.wav", "seconds": 1.0, "rate": 16000, "channels": 1, "checksum": "0", "shard": 0}
    rows = [{**facts, "utterance": name, "text": f"{GIVEN} {name}"} for name in names]
    contracts.write(contracts.MANIFEST, _table(contracts.MANIFEST, rows), layout.manifest("demo"), {"adapter": "demo"})
    rows = [
        {"utterance": name, "text": f"{RECOGNISED} {name}", "words": [], "reference": f"{GIVEN} {name}"}
        for name in names
    ]
    path = layout.transcripts("demo", "recogniser") / "0.parquet"
    contracts.write(contracts.TRANSCRIPTS, _table(contracts.TRANSCRIPTS, rows), path)


def _table(contract: contracts.Contract, rows: list[dict[str, object]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=contract.schema)


@pytest.fixture
def worded(
    tmp_path: Path,
    plan_of: Callable[..., Plan],
    trained: Callable[..., None],
    judge: Callable[..., None],
    render: Callable[..., None],
) -> Iterator[Path]:
    """Yield the report of an experiment that asks for the words."""
    block = Block(corpora=("demo",), protocols=("session-out", "random"), systems=("Audio-CNN", "SVM_50%"))
    plan, out = asked(plan_of(block)), Path("results/trial")
    with chdir(tmp_path):
        trained(plan)
        write_texts(plan)
        judge(plan, out)
        render(plan, out)
        yield tmp_path / out


def holding(folder: Path, *needles: bytes) -> set[str]:
    """Return the files of a report that contain one of ``needles``."""
    readable = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".parquet"]
    assert len(readable) > 60
    return {path.name for path in readable if any(needle in path.read_bytes() for needle in needles)}


def test_a_report_has_ids_and_no_words(whole: Path) -> None:
    assert holding(whole, b"confidential", *SOUND) == set()
    found = pd.read_csv(whole / "tables/mistakes.csv")
    assert not {"reference", "recognised"} & set(found.columns)
    page = (whole / "index.html").read_text(encoding="utf-8")
    assert "no transcript is included" in page
    assert 'id="mistakes"' not in page


def test_an_experiment_may_ask_for_the_words_of_its_mistakes(worded: Path) -> None:
    places = {"index.html", "mistakes.csv", "mistakes.md", "mistakes.tex"}
    assert holding(worded, b"confidential") == holding(worded, RECOGNISED.encode()) == places
    assert holding(worded, *SOUND) == set()
    found = pd.read_csv(worded / "tables/mistakes.csv")
    assert (found["reference"] == GIVEN + " " + found["utterance"]).all()
    reads = found["system"] == "Audio-CNN"
    assert (found["recognised"][reads] == RECOGNISED + " " + found["utterance"][reads]).all()
    assert found["recognised"][~reads].isna().all()  # a system that reads no words
    page = (worded / "index.html").read_text(encoding="utf-8")
    assert "<b>confidential" not in page  # a sentence is text, whatever it holds
    assert "mind the corpus" in page
    section = page[page.index('id="mistakes"') :]
    names = re.findall(r">(\d+-\d{3})</td>", section[: section.index("</section>")])
    assert sorted(names) == sorted(found["utterance"])


def test_mistakes_are_the_most_confident_errors_each_utterance_once(whole: Path) -> None:
    found = pd.read_csv(whole / "tables/mistakes.csv")
    for (protocol, system), rows in found.groupby(["protocol", "system"]):
        folder = whole.parents[1] / "results/runs/demo" / protocol / system
        answers = pd.concat([pd.read_parquet(path) for path in folder.rglob("predictions.parquet")])
        wrong = answers[answers["label"] != answers["predicted"]]
        sure = wrong["probabilities"].map(max).groupby(wrong["utterance"]).max().sort_values(ascending=False)
        assert rows["probability"].tolist() == pytest.approx((100 * sure.head(5)).tolist(), abs=1e-3)
        assert rows["utterance"].is_unique
        assert (rows["label"] != rows["predicted"]).all()
