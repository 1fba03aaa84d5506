"""The fold for use, where folds leave utterances out."""

from pathlib import Path

from ser.config.schema import Protocol
from ser.tables import contracts
from ser.training import use_fold

RULE = Protocol(rule="text_out", labels={"angry": ("angry",), "sad": ("sad",)}, selection="dev_ua")


def test_what_a_fold_leaves_out_trains_too_but_nothing_else_of_a_dev_speaker(tmp_path: Path) -> None:
    parts = {
        0: {"a1": "train", "b1": "test", "c1": "dev"},  # leaves a2 and c2 out
        1: {"a2": "test", "b1": "train", "c2": "dev"},
    }
    # every fold trains on both classes
    parts[0] |= {"d1": "train"}
    parts[1] |= {"d1": "train", "d2": "test"}
    label = {"a": "angry", "b": "sad", "c": "sad", "d": "sad"}
    rows = [
        {"utterance": name, "fold": number, "part": part, "label": label[name[0]], "speaker": name[0]}
        for number, of_fold in parts.items()
        for name, part in of_fold.items()
    ]
    path = tmp_path / "folds.parquet"
    contracts.write(contracts.FOLDS, rows, path, {"protocol": RULE.model_dump_json()})
    found = use_fold.read(path)
    named = {part: [found.utterances[at] for at in found.rows(part)] for part in ("train", "dev")}
    assert named == {"train": ["a1", "a2", "b1", "d1", "d2"], "dev": ["c1"]}
    assert found.counts()["test"] == {"angry": 0, "sad": 0}
