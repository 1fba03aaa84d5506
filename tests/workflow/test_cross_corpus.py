"""Two corpora of a user, each a CSV of recordings: trained on one and tested on the other, with a config file alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
from miniature import RATE, Project

from ser.config.read import merged

JOINED: dict[str, Any] = {
    "experiment": {
        "name": "across",
        "runs": [{"corpora": ["both"], "protocols": ["across"], "systems": ["SVM-eGeMAPS"]}],
    },
    "corpora": {
        "near": {"adapter": "table", "root": "near", "options": {"table": "labels.csv"}, "shard_size": 12},
        "far": {"adapter": "table", "root": "far", "options": {"table": "labels.csv"}},
        "both": {"joins": {"near": {}, "far": {"calm": "sad"}}},
    },
    "protocols": {
        "across": {
            "rule": "leave_one_out",
            "options": {"by": "corpus", "values": ["near", "far"], "dev_speakers": 1},
            "labels": {"happy": ["happy"], "sad": ["sad"]},
        }
    },
}


def write_member(folder: Path, pitch: float, quiet: str, speakers: int) -> None:
    """Write a corpus of ``speakers`` × 2 emotions × 3 recordings: happy ones are louder and higher, in both corpora."""
    folder.mkdir()
    rng = np.random.default_rng(int(pitch))
    rows = []
    for number in range(speakers):
        for emotion in ("happy", quiet):
            for take in range(3):
                tone = (pitch + 25 * number) * (1.5 if emotion == "happy" else 1.0) * rng.uniform(0.95, 1.05)
                time = np.arange(int(0.8 * RATE)) / RATE
                voice = sum(np.sin(2 * np.pi * tone * harmonic * time) / harmonic for harmonic in range(1, 6))
                loud = 0.3 if emotion == "happy" else 0.01
                name = f"{number}_{emotion}_{take}.wav"
                soundfile.write(folder / name, loud * voice + 0.0005 * rng.standard_normal(time.size), RATE)
                rows.append({"path": name, "emotion": emotion, "speaker": f"s{number}"})
    pd.DataFrame(rows).to_csv(folder / "labels.csv", index=False)


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("joined"))
    write_member(project.folder / "near", 120.0, "sad", 4)
    write_member(project.folder / "far", 160.0, "calm", 3)
    project.configure(JOINED)
    done = project.snakemake()
    assert done.returncode == 0, done.stderr + done.stdout
    return project


def test_the_page_says_which_direction_is_which(joined: Project) -> None:
    results = joined.folder / "results/across"
    scores = pd.read_parquet(results / "scores.parquet").query("metric == 'UA'").set_index("fold")
    assert scores["fold_name"].to_dict() == {0: "far → near", 1: "near → far", -1: ""}
    tested = {
        fold: pd.read_parquet(results / f"../runs/both/across/SVM-eGeMAPS/seed0/fold{fold}/predictions.parquet")
        for fold in (0, 1)
    }
    for fold, member in enumerate(("near", "far")):
        assert set(tested[fold]["utterance"].str.split("/").str[0]) == {member}
        assert set(tested[fold]["speaker"].str.split("/").str[0]) == {member}
    table = pd.read_csv(results / "tables/transfer.csv").set_index("name")
    assert table["trained"].to_dict() == {"far → near": "far", "near → far": "near"}
    assert table["tested"].to_dict() == {"far → near": "near", "near → far": "far"}
    assert table["clusters"].to_dict() == {"far → near": 4, "near → far": 3}, "speakers of one name are not one speaker"
    for fold in (0, 1):
        hits = tested[fold]["label"] == tested[fold]["predicted"]
        ua = hits.groupby(tested[fold]["label"]).mean().mean()
        assert table["UA"].iloc[fold] / 100 == scores["value"][fold] == pytest.approx(ua)
        assert ua > 0.75, "happy is thirty times as loud in both corpora"
    page = (results / "index.html").read_text()
    assert "far → near: " in page
    assert "near → far: " in page
    assert "near → far" in (results / "tables/runs.csv").read_text()
    figure = (results / "figures/transfer.svg").read_text()
    assert "trained on" in figure
    assert "tested on" in figure


def test_labels_are_mapped_and_counted(joined: Project) -> None:
    table = pd.read_csv(joined.folder / "results/across/tables/label_maps.csv")
    rows = table[["member", "theirs", "ours", "classes", "utterances"]].values.tolist()
    assert rows == [
        ["far", "calm", "sad", "sad", 9],
        ["far", "happy", "happy", "happy", 9],
        ["near", "happy", "happy", "happy", 12],
        ["near", "sad", "sad", "sad", 12],
    ]
    assert "calm → sad 9" in (joined.folder / "logs/join/both.log").read_text()


def test_shards_are_those_of_the_members_and_nothing_is_extracted_twice(joined: Project) -> None:
    data = joined.folder / "data"
    manifest = pd.read_parquet(data / "both/manifest.parquet")
    assert len(manifest) == 42
    for kind in ("audio", "fingerprints", "features/egemaps"):
        for shard, rows in manifest.groupby("shard"):
            assert set(pd.read_parquet(data / f"both/{kind}/{shard}.parquet")["utterance"]) == set(rows["utterance"])
    extracted = [path.relative_to(joined.folder / "logs/extract").parts[0] for path in logs(joined, "extract")]
    assert sorted(extracted) == ["far", "near", "near"]
    one, other = (pd.read_parquet(data / f"{member}/features/egemaps/0.parquet") for member in ("far", "both"))
    assert other["utterance"].tolist() == [f"far/{name}" for name in one["utterance"]]
    assert other["matrix"].tolist() == one["matrix"].tolist()


def logs(project: Project, stage: str) -> list[Path]:
    return sorted((project.folder / "logs" / stage).rglob("*.log"))


def test_a_label_map_reruns_no_feature(joined: Project) -> None:
    assert joined.planned() == {}
    changed = merged(JOINED, {"corpora": {"both": {"joins": {"far": {"calm": "happy", "happy": "sad"}}}}})
    joined.configure(changed)
    planned = joined.planned()
    assert planned["join"] == 1
    assert {"prepare", "resample", "extract", "join_shard"}.isdisjoint(planned)
    joined.configure(JOINED)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"corpora": {"both": {"joins": {"far": {"calm": "bored"}}}}},
            "fold far → near: corpus far has no utterance of sad.",
        ),
        ({"corpora": {"both": {"joins": {"far": {"clam": "sad"}}}}}, "unknown emotion of this corpus 'clam'"),
    ],
)
def test_what_cannot_be_trained_is_one_error_before_anything_runs(
    joined: Project, change: dict[str, Any], expected: str
) -> None:
    joined.configure(merged(JOINED, change))
    done = joined.snakemake("-n")
    joined.configure(JOINED)
    assert done.returncode != 0
    assert expected in done.stderr + done.stdout
