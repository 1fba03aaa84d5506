"""Statements of a report follow from the run that they describe."""

from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from ser import layout
from ser.config.plan import Plan
from ser.config.schema import Block, Protocol
from ser.report.data.audits import leak
from ser.report.sections import corpora, protocols
from ser.report.table import Column, Table, frame
from ser.tables import contracts

SPEAKERS = {"train": 7, "dev": 1, "test": 1}


def write_folds(corpus: str, protocol: str, folds: int) -> None:
    """Write folds of nine speakers, of whom seven are trained on."""
    rows = []
    for fold in range(folds):
        names = iter(range(fold, fold + 9))
        for part, count in SPEAKERS.items():
            for _ in range(count):
                speaker = f"s{next(names) % 9}"
                row = {"utterance": f"u{speaker}", "fold": fold, "part": part, "label": "sad", "speaker": speaker}
                rows.append(row)
    table = pa.Table.from_pylist(rows, schema=contracts.FOLDS.schema)
    contracts.write(contracts.FOLDS, table, layout.folds(corpus, protocol))


def write_manifest(corpus: str, cut: tuple[float | None, ...] = (None, None, None), **notes: str) -> None:
    """Write two utterances of a woman and one of a man, in German, 45 minutes in all. cut: seconds on each side."""
    facts = {"audio": "u.wav", "seconds": 900.0, "rate": 16000, "channels": 1, "checksum": "0", "shard": 0}
    people = (("a", "female", "sad"), ("a", "female", "happy"), ("b", "male", "sad"))
    rows = [
        {**facts, "utterance": f"u{n}", "speaker": name, "gender": gender, "emotion": emotion, "language": "de"}
        | {"cut_before": cut[n], "cut_after": cut[n]}
        for n, (name, gender, emotion) in enumerate(people)
    ]
    table = pa.Table.from_pylist(rows, schema=contracts.MANIFEST.schema)
    contracts.write(contracts.MANIFEST, table, layout.manifest(corpus), {"adapter": corpus, "warning": "", **notes})


@pytest.fixture
def described(
    tmp_path: Path,
    plan_of: Callable[..., Plan],
    trained: Callable[..., None],
    judge: Callable[..., None],
    render: Callable[..., None],
) -> Callable[..., Path]:
    """Return a function that reports a network and an estimator, of which the network lacks folds if asked."""

    def made(*blocks: Block, **changes: Any) -> Path:
        plan, out = plan_of(*blocks), Path("results/trial")
        with chdir(tmp_path):
            trained(plan, **changes)
            write_manifest("other")
            for name in ("session-out", "random"):
                write_folds("other", name, 3)
            judge(plan, out)
            render(plan, out)
        return tmp_path / out

    return made


ROWS = (("network", "5"), ("svm", "–"))  # system and its epochs


def block(*systems: str, **options: Any) -> Block:
    return Block(corpora=("other",), protocols=("session-out",), systems=systems, **options)


def test_a_protocol_names_the_speakers_of_each_part(described: Callable[..., Path]) -> None:
    protocols = pd.read_csv(described(block("SVM_50%")) / "tables/protocols.csv")
    assert protocols["speakers"].tolist() == ["train 7, dev 1, test 1 of 9 in each fold"]


def test_the_corpus_is_described_from_its_manifest(described: Callable[..., Path]) -> None:
    folder = described(block("SVM_50%"))
    row = pd.read_csv(folder / "tables/corpora.csv").iloc[0]
    assert (row["languages"], row["hours"], row["utterances"], row["speakers"]) == ("de", 0.75, 3, 2)
    assert (row["female_speakers"], row["male_speakers"], row["emotions"]) == (1, 1, "sad 2, happy 1")
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "1 female, 1 male" in page[page.index('id="corpora"') : page.index('id="results"')]


def test_the_page_names_the_trim_of_a_corpus(described: Callable[..., Path], tmp_path: Path) -> None:
    folder = described(block("SVM_50%"))
    assert pd.read_csv(folder / "tables/corpora.csv", keep_default_na=False)["trim"].tolist() == ["none"]
    with chdir(tmp_path):
        write_manifest("other", cut=(0.5, 1.0, None), trim="speech")
        cell = corpora._facts("other")["trim"]
    assert cell == "trim: speech, 0.75 s before, 0.75 s after, no speech found in 1"


def test_selection_is_stated_only_for_systems_that_are_trained_by_epochs(
    described: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = described(block("Audio-CNN", "SVM_50%"))
    assert pd.read_csv(folder / "tables/protocols.csv")["selection"].tolist() == ["best dev UA"]
    monkeypatch.setattr(
        "ser.report.data.results.Result.epochs", property(lambda row: "–" if "SVM" in row.system else "5")
    )
    folder = described(block("Audio-CNN", "SVM_50%"))
    [stated] = pd.read_csv(folder / "tables/protocols.csv")["selection"]
    assert stated == "best dev UA; none for SVM_50%, which use no dev part"


def test_an_option_that_is_chosen_on_dev_is_stated(
    described: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "ser.report.data.results.Result.epochs", property(lambda row: "–" if "SVM" in row.system else "5")
    )
    folder = described(block("Audio-CNN", "SVM_50%"), chosen={"c": 0.01})
    [stated] = pd.read_csv(folder / "tables/protocols.csv")["selection"]
    assert stated == "best dev UA; SVM_50% choose an option on dev"
    monkeypatch.setattr("ser.report.data.results.Result.epochs", property(lambda _: "–"))
    folder = described(block("SVM_50%"), chosen={"c": 0.01})
    [stated] = pd.read_csv(folder / "tables/protocols.csv", keep_default_na=False)["selection"]
    assert stated == "none: no system here is trained by epochs; SVM_50% choose an option on dev"


def test_a_choice_on_the_test_part_is_stated_as_one() -> None:
    chosen = Protocol(rule="any", labels="all", selection="dev_ua", selected_on="test", curves=True)
    first = SimpleNamespace(protocol=chosen, chosen={"c": 0.01})
    rows = [SimpleNamespace(corpus="c", protocol="p", system=name, epochs=e, first=first) for name, e in ROWS]
    stated = protocols._selection(SimpleNamespace(results=rows), rows[0])  # type: ignore[arg-type]
    assert stated == "best test UA; svm choose an option on test"


def test_partial_rows_come_last_unranked_and_are_compared_on_common_folds(described: Callable[..., Path]) -> None:
    folder = described(block("Audio-CNN", folds=(0, 2)), block("SVM_50%"))
    results = pd.read_csv(folder / "tables/results.csv")
    assert results["system"].tolist() == ["SVM_50%", "Audio-CNN"]
    text = (folder / "tables/results.md").read_text(encoding="utf-8")
    assert "2 × 1 (partial: folds 0, 2 of 3; not ranked)" in text
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert page[page.index('id="results"') : page.index('id="comparisons"')].count("not all folds were run") == 1
    pairs = pd.read_csv(folder / "tables/comparisons.csv")
    assert set(pairs["folds"]) == {"0, 2"}
    assert "0, 2 of 3" in (folder / "tables/comparisons.md").read_text(encoding="utf-8")


def audited(**status: str) -> list[dict[str, str]]:
    kinds = {"audio": "audio", "near audio": "audio", "speaker": "speaker"}
    return [
        {"kind": kind, "leak": kinds[kind], "status": found, "part": "test", "seen_in": "train"}
        for kind, found in ((name.replace("_", " "), found) for name, found in status.items())
    ]


def test_leaks_are_named_as_the_audit_found_them() -> None:
    missing = audited(audio="declared, not found", near_audio="declared, not found", speaker="declared")
    assert leak("speaker", missing).text == "speaker"
    assert leak("audio", missing).text == "audio (declared, not found)"
    near = audited(audio="declared, not found", near_audio="declared")
    assert leak("audio", near).text == "audio (as near audio)"
    assert leak("speaker", audited(speaker="unknown")).text == "speaker (declared, not known)"
    assert leak("speaker", ()).text == "speaker"


def test_a_report_without_a_paper_s_corpus_has_no_claims(described: Callable[..., Path]) -> None:
    folder = described(block("SVM_50%"))
    for name in ("claims", "arithmetic", "papers"):
        assert len(pd.read_csv(folder / f"tables/{name}.csv")) == 0
        assert "Nothing to show" in (folder / f"tables/{name}.md").read_text(encoding="utf-8")
    assert 'id="claims"' not in (folder / "index.html").read_text(encoding="utf-8")


def test_tables_without_csv_names_do_not_count() -> None:
    matrix = Table("", (Column("", "x", str),), ("a",))
    assert frame([matrix, Table("", (Column("y", "", str),), ("b",))]).to_dict("list") == {"y": ["b"]}
