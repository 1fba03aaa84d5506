"""The audit by the stages: planted leaks stop it, and every shipped protocol declares what it has on three corpora."""

from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile
import yaml
from typer.testing import CliRunner

from ser import catalog
from ser.cli import app
from ser.config.read import shipped
from ser.config.schema import Corpus, Protocol
from ser.corpora import ravdess
from ser.corpus import Facts
from ser.emotions import NAMES
from ser.errors import SerError
from ser.evaluation import duplicates, leakage, overlap
from ser.stages import _shared_recordings
from ser.stages.audit import AuditJob, audit
from ser.stages.fetch import FetchJob, fetch
from ser.stages.fingerprint import FingerprintJob, fingerprint
from ser.stages.prepare import PrepareJob, prepare
from ser.stages.resample import ResampleJob, resample
from ser.stages.split import SplitJob, split
from ser.tables import contracts
from ser.tables.contracts import ALL_FOLDS, AUDIT, FINGERPRINTS, STATUSES

PROTOCOLS = shipped(Path(__file__).parents[2] / "config")[0]
REAL = Path(__file__).parents[3] / "shared/data/ravdess"
RATE = 16000
FOUR = {name: (name,) for name in ("angry", "happy", "neutral", "sad")}


def rows(speakers: int = 6) -> pd.DataFrame:
    """Every speaker is alone in a session; every utterance is a sentence of its own in one of four emotions."""
    return pd.DataFrame(
        {
            "utterance": f"u{speaker}{emotion[0]}{take}",
            "speaker": f"p{speaker}",
            "session": f"s{speaker}",
            "dialog": f"d{speaker}{take}",
            "gender": ("female", "male")[speaker % 2],
            "emotion": emotion,
            "style": "scripted",
            "text": f"Sentence {speaker}, {emotion}, {take}.",
            "shard": speaker % 2,
        }
        for speaker in range(speakers)
        for emotion in FOUR
        for take in range(2)
    )


def write_manifest(table: pd.DataFrame, path: Path) -> Path:
    own = table["utterance"]  # every utterance is a file of its own
    full: dict[str, Any] = {"audio": own, "seconds": 1.0, "rate": RATE, "channels": 1, "checksum": own, "shard": 0}
    table = table.assign(**{name: value for name, value in full.items() if name not in table})
    table = table.reindex(columns=contracts.MANIFEST.schema.names).astype(object)
    table = table.where(table.notna(), None)
    arrow = pa.Table.from_pylist(table.to_dict("records"), schema=contracts.MANIFEST.schema)
    contracts.write(contracts.MANIFEST, arrow, path)
    return path


def sound(seed: int) -> "np.ndarray[Any, np.dtype[np.float32]]":
    """Noise whose level changes every 50 ms."""
    draw = np.random.default_rng(seed)
    level = np.repeat(draw.uniform(0.01, 1, 20), RATE // 20)
    signal = 0.1 * level * draw.standard_normal(RATE)
    return (np.rint(signal * 32768) / 32768).astype(np.float32)


def write_audio(signals: dict[str, Any], path: Path) -> Path:
    cells = [
        {"utterance": name, "rate": RATE, "frames": len(signal), "samples": signal.tobytes()}
        for name, signal in signals.items()
    ]
    contracts.write(contracts.AUDIO, pa.Table.from_pylist(cells, schema=contracts.AUDIO.schema), path)
    return path


class TrialCorpus:
    """A corpus on disk, its audio in two shards, and a protocol; what a test plants is in the table or the signals."""

    def __init__(self, folder: Path, table: pd.DataFrame | None = None, **signals: Any):
        self.folder, self.table = folder, rows() if table is None else table
        self.manifest = write_manifest(self.table, folder / "manifest.parquet")
        sounds = {name: sound(number) for number, name in enumerate(self.table["utterance"])}
        sounds |= {name: make(sounds) for name, make in signals.items()}
        for shard, group in self.table.groupby("shard"):
            audio = write_audio({name: sounds[name] for name in group["utterance"]}, folder / f"audio/{shard}.parquet")
            fingerprint(FingerprintJob(audio=audio, out=folder / f"fingerprints/{shard}.parquet"))

    def split(self, folds: int, **protocol: Any) -> Path:
        entry = Protocol.model_validate({"rule": "session_out", "labels": FOUR, **protocol})
        out = self.folder / "folds.parquet"
        split(SplitJob(corpus="mine", name="given", protocol=entry, manifest=self.manifest, out=out, folds=folds))
        return out

    def audit(self, folds: int = 6, asked: dict[str, Any] | None = None, **protocol: Any) -> pd.DataFrame:
        out = self.folder / "audit.parquet"
        given = {"fingerprints": self.folder / "fingerprints", **(asked or {})}
        audit(AuditJob(manifest=self.manifest, folds=self.split(folds, **protocol), out=out, **given))
        table: pd.DataFrame = contracts.read(AUDIT, out).to_pandas()
        return table


def status(table: pd.DataFrame, fold: int = ALL_FOLDS) -> dict[tuple[str, str], str]:
    mine = table[table["fold"] == fold]
    return dict(zip(zip(mine["kind"], mine["seen_in"], strict=True), mine["status"], strict=True))


def test_nothing_is_found_in_a_clean_corpus(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = TrialCorpus(tmp_path).audit()
    assert set(table["status"]) == {"none"}
    assert sorted(table["fold"].unique()) == [ALL_FOLDS, *range(6)]
    assert set(table["corpus"]) == {"mine"}
    assert set(table["protocol"]) == {"given"}
    assert (table["known"] == table["of"]).all()
    assert (table["share"] == 0).all()
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "protocol 'given' on corpus 'mine', leaks by design: none"
    assert len(printed) == 2 + (table["fold"] == ALL_FOLDS).sum()
    notes = contracts.metadata(tmp_path / "audit.parquet")
    assert (notes["words"], notes["threshold"]) == ("3", "0.985")
    assert notes["digest"] == contracts.metadata(tmp_path / "folds.parquet")["digest"]


def planted(column: str, utterance: str, value: str) -> pd.DataFrame:
    table = rows()
    table.loc[table["utterance"] == utterance, column] = value
    return table


def test_a_shared_text_stops_the_build_unless_it_is_declared(tmp_path: Path) -> None:
    trial = TrialCorpus(tmp_path, planted("text", "u0a0", "sentence 3 angry - 0!"))
    with pytest.raises(SerError) as caught:
        trial.audit()
    message = str(caught.value)
    assert "protocol 'given' on corpus 'mine' has leaks that it does not declare" in message
    assert (
        "'text' (text): fold 0 has 1 of 8 test utterances that share it with train: u0a0 as u3a0 (sentence 3 angry 0)"
        in (message)
    )
    assert "'leaks: [text]'" in message
    assert "corpora.mine.exclude" in message
    assert not (tmp_path / "audit.parquet").exists()
    table = trial.audit(leaks=("text", "dialog"))
    seen = status(table)
    assert seen["text", "train"] == "declared"
    assert seen["dialog", "train"] == "declared, not found"
    whole = table[(table["fold"] == ALL_FOLDS) & (table["kind"] == "text") & (table["seen_in"] == "train")].iloc[0]
    assert (whole["utterances"], whole["of"], whole["values"]) == (2, 48, 1)
    assert {one["utterance"] for one in whole["examples"]} == {"u0a0", "u3a0"}
    assert status(table, 1)["text", "train"] == "declared, not found"


def test_how_long_a_text_must_be_is_an_option_and_both_counts_are_printed(tmp_path: Path) -> None:
    table = rows().assign(text="I know")
    table.loc[table["utterance"].str.endswith("1"), "text"] = "You do not know"
    trial = TrialCorpus(tmp_path, table.assign(style=np.where(table["text"] == "I know", "scripted", "improvised")))
    seen = status(trial.audit())
    assert (seen["text", "train"], seen["any text", "train"]) == ("none", "noted")
    with pytest.raises(SerError, match=r"fold 0 has 4 of 8 test utterances that share it with train"):
        trial.audit(asked={"words": 2})


COPY = {
    "audio": lambda sounds: sounds["u4a0"],
    "near audio": lambda sounds: (np.rint(sounds["u4a0"][300:] * 0.3 * 32768) / 32768).astype(np.float32),
}


@pytest.mark.parametrize("kind", COPY)
def test_a_copied_recording_stops_the_build(tmp_path: Path, kind: str) -> None:
    trial = TrialCorpus(tmp_path, u0a0=COPY[kind])
    with pytest.raises(
        SerError, match=rf"'audio' \({kind}\): fold 0 has 1 of 8 test utterances.*: u0a0 as u4a0"
    ) as caught:
        trial.audit()
    assert ("(audio)" in str(caught.value)) == (kind == "audio"), "a hash knows no change of level"
    table = trial.audit(leaks=("audio",))
    assert status(table)[kind, "train"] == "declared"
    assert table.loc[(table["kind"] == kind) & (table["fold"] == ALL_FOLDS), "utterances"].tolist()[0] == 2


class WindowCorpus:
    """Windows of recordings, read by the adapter `table`: rows of path, start, end, speaker, and signals by path."""

    def __init__(self, folder: Path, places: list[tuple[Any, ...]]):
        self.folder, self.root, self.places = folder, folder / "root", places
        emotions = ("angry", "sad")
        rows = [
            f"w{n:03d},{path},{start},{end},{who},{emotions[places.index(place) % 2]}"  # the same for the same stretch
            for n, place in enumerate(places)
            for path, start, end, who in [place]
        ]
        text = "\n".join(["utterance,path,start,end,speaker,emotion", *rows]).replace("None", "")
        (self.root / "rows.csv").write_text(text)

    def audit(self, *, sound: bool = True, trim: str = "none", **protocol: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the folds and the audit."""
        settings = Corpus(adapter="table", root=str(self.root), options={"table": "rows.csv"}, trim=trim)
        paths = {name: self.folder / f"{name}.parquet" for name in ("manifest", "recordings")}
        prepare(PrepareJob(corpus="w", settings=settings, root=self.root, excluded=self.folder / "e.csv", **paths))
        resample(ResampleJob(recordings=paths["recordings"], root=self.root, shard=0, out=self.folder / "a.parquet"))
        fingerprint(FingerprintJob(audio=self.folder / "a.parquet", out=self.folder / "prints/0.parquet"))
        entry = Protocol.model_validate(
            {"labels": {"angry": ["angry"], "sad": ["sad"]}, "selection": "last", **protocol}
        )
        folds, out = self.folder / "folds.parquet", self.folder / "audit.parquet"
        count = entry.options.get("folds", len({who for *_, who in self.places}))
        split(SplitJob(corpus="w", name="p", protocol=entry, manifest=paths["manifest"], out=folds, folds=count))
        prints = self.folder / "prints" if sound else None
        audit(AuditJob(manifest=paths["manifest"], folds=folds, fingerprints=prints, out=out))
        return contracts.read(contracts.FOLDS, folds).to_pandas(), contracts.read(AUDIT, out).to_pandas()


RANDOM: dict[str, Any] = {
    "rule": "random_folds",
    "options": {"folds": 3, "dev": False},
    "leaks": ("speaker", "session", "dialog", "text", "audio"),
}
BY_SPEAKER: dict[str, Any] = {"rule": "speaker_out", "options": {"dev": "none"}}


def overlapped(total: pd.DataFrame) -> tuple[int, int]:
    row = total[(total["kind"] == "overlap") & (total["fold"] == ALL_FOLDS) & (total["seen_in"] == "train")].iloc[0]
    return int(row["utterances"]), int(row["of"])


def counted(folds: pd.DataFrame, spans: dict[str, tuple[Any, ...]]) -> int:
    """Return how many test utterances share time with a training utterance of the same recording, pair by pair."""
    found = 0
    for _, fold in folds.groupby("fold"):
        tested, trained = (
            [spans[name] for name in fold.loc[fold["part"] == part, "utterance"]] for part in ("test", "train")
        )
        found += sum(any(r == q and b < f - 1e-6 and e < d - 1e-6 for q, e, f in trained) for r, b, d in tested)
    return found


def speech(seconds: float, seed: int, rate: int = 22_050) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """A voice of 90 to 220 Hz whose harmonics change in level every 120 ms, over noise 45 dB below."""
    draw = np.random.default_rng(seed)
    time = np.arange(int(seconds * rate)) / rate
    corners = np.arange(0, seconds + 0.12, 0.12)
    pitch = np.interp(time, corners, draw.uniform(90, 220, len(corners)))
    turns = 2 * np.pi * np.cumsum(pitch) / rate
    levels = draw.uniform(-3, 0, (30, len(corners))) - np.arange(30)[:, None] / 15
    voiced = sum(10 ** np.interp(time, corners, level) * np.sin((k + 1) * turns) for k, level in enumerate(levels))
    return 0.2 * voiced / np.abs(voiced).max() + 1e-3 * draw.standard_normal(len(time))


@pytest.mark.parametrize(("length", "step"), [(1.5, 0.6), (1.2, 0.4), (1.0, 1.0)])
@pytest.mark.parametrize("trim", ["none", "speech"])
def test_windows_that_overlap_are_counted_by_start_and_end(
    tmp_path: Path, length: float, step: float, trim: str
) -> None:
    (tmp_path / "root").mkdir()
    soundfile.write(tmp_path / "root/talk.flac", speech(20, 1), 22_050)
    starts = [round(step * number, 3) for number in range(int((20 - length) / step))]
    trial = WindowCorpus(tmp_path, [("talk.flac", start, round(start + length, 3), "anna") for start in starts])
    folds, found = trial.audit(trim=trim, **RANDOM)
    kept = contracts.read(contracts.MANIFEST, tmp_path / "manifest.parquet").to_pandas()
    spans = {row.utterance: (row.audio, row.start, row.end) for row in kept.itertuples()}
    assert overlapped(found) == (counted(folds, spans), len(starts))
    assert (overlapped(found)[0] > 5) == (step < length)
    if step < length:
        with pytest.raises(
            SerError, match=r"'audio' \(overlap\): fold \d has \d+ of \d+ test utterances.*talk\.flac \d"
        ):
            trial.audit(trim=trim, **{**RANDOM, "leaks": ("speaker", "session", "dialog", "text")})


def test_one_moment_under_two_speakers_and_one_recording_under_several_names(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    whole = speech(12, 2)
    soundfile.write(root / "one.wav", whole, 22_050)
    (root / "copy.wav").write_bytes((root / "one.wav").read_bytes())
    (root / "link.wav").symlink_to("one.wav")
    soundfile.write(root / "other.flac", speech(12, 3), 22_050)
    starts = (0.5, 3.0, 7.25)
    places: list[tuple[Any, ...]] = [
        (name, start + late, start + late + 1.5, who)
        for name, who, late in (
            ("one.wav", "p1", 0.0),
            ("copy.wav", "p2", 0.75),
            ("link.wav", "p3", 1.0),
            ("other.flac", "p4", 0.0),
        )
        for start in starts
    ]
    spans = {
        f"w{n:03d}": ("other" if path.startswith("other") else "one", a, b) for n, (path, a, b, _) in enumerate(places)
    }
    trial = WindowCorpus(tmp_path, places)
    for sound in (False, True):
        folds, found = trial.audit(sound=sound, leaks=("audio",), **BY_SPEAKER)
        assert overlapped(found) == (counted(folds, spans), 12) == (9, 12)


def test_a_part_of_another_recording_is_found_by_its_sound(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    whole, cut = speech(14, 4), 4.3217
    soundfile.write(root / "film.wav", whole, 22_050)
    part = whole[int(cut * 22_050) : int((cut + 5) * 22_050)]
    soundfile.write(root / "part.mp3", 0.6 * part, 22_050)
    soundfile.write(root / "other.wav", speech(5, 5), 22_050)
    starts = (0.0, 2.0, 4.0, 6.0, 8.0, 10.0)
    places: list[tuple[Any, ...]] = [("film.wav", start, start + 1.5, "p1") for start in starts]
    places += [("part.mp3", start, start + 1.5, "p2") for start in (0.0, 1.6, 3.2)]
    places += [("other.wav", None, None, "p3")] * 2
    spans = {f"w{n:03d}": ("film", a, b) for n, (path, a, b, _) in enumerate(places) if path == "film.wav"}
    spans |= {f"w{n:03d}": ("film", a + cut, b + cut) for n, (path, a, b, _) in enumerate(places) if path == "part.mp3"}
    spans |= {"w009": ("other", 0, 5), "w010": ("other", 0, 5)}
    folds, found = WindowCorpus(tmp_path, places).audit(leaks=("audio",), **BY_SPEAKER)
    assert overlapped(found) == (counted(folds, spans), 11)
    assert 5 <= overlapped(found)[0] <= 6


def listed(folder: Path) -> tuple[pd.DataFrame, list[str]]:
    table = pd.read_csv(folder / "audit.shared.csv", dtype=str, keep_default_na=False)
    return table, yaml.safe_load((folder / "audit.exclude.yaml").read_text())["corpora"]["mine"]["exclude"]


def test_all_shared_recordings_are_listed_with_what_to_leave_out(tmp_path: Path) -> None:
    copies = {f"u0{letter}0": f"u{3 + number}{letter}0" for number, letter in enumerate("ahs")}
    copies |= {"u1a1": "u4h1", "u2a1": "u4h1", "u5n0": "u1n0", "u5n1": "u1n1"}
    planted = {name: (lambda sounds, of=of: sounds[of]) for name, of in copies.items()}
    trial = TrialCorpus(tmp_path, **planted)
    with pytest.raises(SerError) as caught:
        trial.audit()
    assert f"in {tmp_path / 'audit.shared.csv'}; {tmp_path / 'audit.exclude.yaml'} has the key 'exclude'" in str(
        caught.value
    )
    table, out = listed(tmp_path)
    assert set(table["utterance"]) | set(table["like_utterance"]) == {*copies, *copies.values()}
    assert {kind for kinds in table["kinds"] for kind in kinds.split("; ")} == {"audio", "near audio", "overlap"}
    assert f"All {len(table)} pairs" in str(caught.value)
    first = table[table["utterance"] == "u0a0"].iloc[0]
    assert (first["speaker"], first["like_speaker"], first["emotion"]) == ("p0", "p3", "angry")
    groups = [{name, of} for name, of in copies.items() if of != "u4h1"] + [{"u1a1", "u2a1", "u4h1"}]
    assert all(len(group - set(out)) == 1 for group in groups), "one of each stays"
    left = trial.table[~trial.table["utterance"].isin(out)]
    again = TrialCorpus(
        tmp_path, left, **{name: make for name, make in planted.items() if name not in out and copies[name] not in out}
    )
    assert set(again.audit()["status"]) == {"none"}
    assert not (tmp_path / "audit.shared.csv").exists()
    assert not (tmp_path / "audit.exclude.yaml").exists()


def test_what_overlaps_is_left_out_until_nothing_does(tmp_path: Path) -> None:
    starts = np.random.default_rng(4).integers(0, 300, 48) / 10
    table = rows().assign(audio="hall.wav", checksum="c" * 32, start=starts, end=starts + 1)
    trial = TrialCorpus(tmp_path, table)
    trial.audit(leaks=("audio",))
    _, out = listed(tmp_path)
    kept = table[~table["utterance"].isin(out)]
    for one, other in combinations(kept.itertuples(), 2):
        apart = one.end <= other.start + 1e-9 or other.end <= one.start + 1e-9
        assert apart or one.speaker == other.speaker
    assert 10 < len(kept) < 48


def test_what_to_leave_out_takes_time_in_proportion_to_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    count, compared, real = 900, [], _shared_recordings._meet
    names = [f"w{number:03d}" for number in range(count)]
    table = pd.DataFrame({"utterance": names, "audio": "f.wav", "recording": 0, "end": np.nan, "seconds": 1.5})
    table = table.assign(start=[0.6 * number for number in range(count)])
    shared = [_shared_recordings.SharedRecording(*pair, ("overlap",), "") for pair in pairwise(names)]
    monkeypatch.setattr(_shared_recordings, "_meet", lambda *spans: compared.append(spans) or real(*spans))
    rows = table.assign(hash=None, recording=names)
    out = _shared_recordings.to_leave_out(shared, rows, overlap.stretches(table))
    assert sorted({*names} - {*out}) == names[::3]
    assert len(compared) < 10 * count


@pytest.mark.parametrize("copy", [True, False], ids=["copies", "overlaps"])
def test_what_one_fixed_test_part_shares_with_several_is_left_out(copy: bool) -> None:
    parts = {"a": "test", "b": "train", "c": "train", "d": "train", "e": "test", "f": "train"}
    places = {"a": (0, 2), "b": (1.5, 4), "c": (1, 5), "d": (7, 9), "e": (8, 9.5), "f": (20, 21)}
    rows = pd.DataFrame({"utterance": list(parts), "part": list(parts.values()), "fold": 0})
    rows = rows.assign(speaker=None, session=None, dialog=None, sentence=None, text=None)
    known = "xxxyyz" if copy else "abcdef"
    rows = rows.assign(hash=list(known), recording=list(known))
    table = pd.DataFrame(
        [{"utterance": name, "start": a, "end": b, "seconds": b - a} for name, (a, b) in places.items()]
    )
    table = table.assign(audio="f.wav", recording=range(len(table)) if copy else 0)
    stretches = overlap.stretches(table)
    found = leakage.findings(rows, stretches, normalisation="none", selection="last")
    out = _shared_recordings.to_leave_out(_shared_recordings.pairs(found), rows, stretches)
    left = rows[~rows["utterance"].isin(out)]
    again = leakage.findings(left, stretches, normalisation="none", selection="last")
    assert [one.check.kind for one in again if one.found and one.check.leak == "audio"] == []
    assert len(out) == 2


def test_leaks_are_declared_by_the_job_or_else_by_the_fold_table(tmp_path: Path) -> None:
    trial = TrialCorpus(tmp_path, u0a0=COPY["audio"])
    with pytest.raises(SerError, match=r"protocols: {given: {leaks: \[text, audio\]}}\), which repeats no training"):
        trial.audit(asked={"leaks": ("text",)}, leaks=("audio",))
    assert status(trial.audit(asked={"leaks": ("audio",)}))["audio", "train"] == "declared"


def test_copies_within_a_part_are_no_leak(tmp_path: Path) -> None:
    trial = TrialCorpus(tmp_path, u0a0=lambda sounds: sounds["u0s1"])
    assert status(trial.audit())["audio", "train"] == "none"


def test_a_random_split_is_reported_as_leaking(tmp_path: Path) -> None:
    trial = TrialCorpus(tmp_path)
    leaks = ("speaker", "session", "dialog", "dev speaker")
    given = {"rule": "random_folds", "options": {"folds": 4}}
    table = trial.audit(folds=4, leaks=leaks, **given)
    seen = {row.kind: row for row in table.itertuples() if row.fold == ALL_FOLDS and row.seen_in == "train"}
    assert {kind for kind, row in seen.items() if row.status == "declared"} == set(leaks)
    assert seen["dev session"].status == "noted"
    assert seen["speaker"].share > 0.9
    folds = contracts.read(contracts.FOLDS, tmp_path / "folds.parquet")
    silent = Protocol.model_validate({"labels": FOUR, **given})
    notes = {"corpus": "mine", "name": "random", "protocol": silent.canonical(), "digest": silent.digest()}
    contracts.write(contracts.FOLDS, folds, tmp_path / "folds.parquet", notes)
    with pytest.raises(SerError) as caught:
        audit(AuditJob(manifest=trial.manifest, folds=tmp_path / "folds.parquet", out=tmp_path / "none.parquet"))
    for leak in leaks:
        assert f"'{leak}' ({leak}): fold" in str(caught.value)
    assert f"leaks: [{', '.join(('speaker', 'session', 'dialog', 'dev speaker'))}]" in str(caught.value)


def test_normalisation_by_speaker_must_be_declared(tmp_path: Path) -> None:
    trial = TrialCorpus(tmp_path)
    with pytest.raises(SerError, match=r"'normalisation' \(normalisation\): fold 0 has 8 of 8 test utterances"):
        trial.audit(normalisation="speaker")
    table = trial.audit(normalisation="speaker", leaks=("normalisation",))
    assert status(table)["normalisation", "test"] == "declared"


def test_selection_on_the_test_part_must_be_declared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trial = TrialCorpus(tmp_path)
    chosen = (
        r"(?s)'test selection' \(test selection\): fold 0 has 8 of 8 test utterances that an epoch or an option is "
    )
    with pytest.raises(SerError, match=chosen + r"selected by: (u\w+, )+.*leaks: \[test selection\]"):
        trial.audit(selected_on="test")
    table = trial.audit(selected_on="test", leaks=("test selection",))
    assert status(table)["test selection", "test"] == "declared"
    assert "dev" not in {*table["part"], *table["seen_in"]}, "nothing is selected by it"
    [line] = [
        line
        for line in capsys.readouterr().out.splitlines()
        if line.startswith("test selection") and "declared" in line and "undeclared" not in line
    ]
    assert "itself" in line
    assert "100.0%" in line


def test_without_fingerprints_the_audio_is_unknown(tmp_path: Path) -> None:
    trial = TrialCorpus(tmp_path, planted("session", "u0a0", ""), u0a0=COPY["audio"])
    seen = status(
        trial.audit(asked={"fingerprints": None}, rule="speaker_out", selection="last", options={"dev": "none"})
    )
    assert seen["audio", "train"] == seen["near audio", "train"] == "unknown"
    assert seen["speaker", "train"] == "none"
    assert set(seen.values()) <= set(STATUSES)


def test_fingerprints_are_those_of_the_shards_asked_for(tmp_path: Path) -> None:
    trial = TrialCorpus(tmp_path)
    for fingerprints, shards, message in (
        (tmp_path / "nothing", None, "holds no fingerprints"),
        (tmp_path / "fingerprints", 1, "lacks 24 utterances of the folds: u1a0, "),
        (tmp_path / "fingerprints", 3, "2.parquet does not exist"),
    ):
        with pytest.raises(SerError, match=message):
            trial.audit(asked={"fingerprints": fingerprints, "shards": shards})
    assert len(trial.audit(asked={"shards": 2}))


def test_a_manifest_of_another_corpus_and_folds_without_a_protocol_are_errors(tmp_path: Path) -> None:
    trial = TrialCorpus(tmp_path)
    folds = trial.split(6)
    other = write_manifest(trial.table[trial.table["speaker"] != "p2"], tmp_path / "other.parquet")
    with pytest.raises(SerError, match=r"other\.parquet lacks 8 utterances of the folds: u2a0, u2a1"):
        audit(AuditJob(manifest=other, folds=folds, out=tmp_path / "a.parquet"))
    contracts.write(contracts.FOLDS, contracts.read(contracts.FOLDS, folds).replace_schema_metadata(), folds)
    with pytest.raises(SerError, match="does not name its protocol"):
        audit(AuditJob(manifest=trial.manifest, folds=folds, out=tmp_path / "a.parquet"))


def test_a_shard_of_audio_becomes_a_shard_of_fingerprints(tmp_path: Path) -> None:
    signals = {"a": sound(1), "b": np.zeros(5000, np.float32), "c": sound(2)[:350]}
    fingerprint(FingerprintJob(audio=write_audio(signals, tmp_path / "0.parquet"), out=tmp_path / "out.parquet"))
    table = {row["utterance"]: row for row in contracts.read(FINGERPRINTS, tmp_path / "out.parquet").to_pylist()}
    assert list(table) == ["a", "b", "c"]
    assert table["b"]["hash"] is None
    for name, signal in signals.items():
        vector, extent = duplicates.fingerprint(signal, RATE)
        stored = np.frombuffer(table[name]["vector"], "<f2")
        assert np.abs(stored - vector).max() < 1e-3
        assert table[name]["extent"] == pytest.approx(extent)
        assert table[name]["hash"] == duplicates.sample_hash(signal)
    fingerprint(FingerprintJob(audio=write_audio({}, tmp_path / "1.parquet"), out=tmp_path / "empty.parquet"))
    assert contracts.read(FINGERPRINTS, tmp_path / "empty.parquet").num_rows == 0


def test_audio_of_another_rate_or_length_is_an_error(tmp_path: Path) -> None:
    for change, message in (({"rate": [8000]}, "utterance a: .*8000 Hz"), ({"frames": [7]}, "not as long as frames")):
        cells = {"utterance": ["a"], "rate": [RATE], "frames": [RATE], "samples": [sound(0).tobytes()], **change}
        pq.write_table(pa.table(cells, schema=contracts.AUDIO.schema), tmp_path / "0.parquet")
        with pytest.raises(SerError, match=message):
            fingerprint(FingerprintJob(audio=tmp_path / "0.parquet", out=tmp_path / "out.parquet"))


def test_the_verbs_do_it_by_hand(tmp_path: Path) -> None:
    trial = TrialCorpus(tmp_path, u0a0=COPY["audio"])
    trial.split(6)
    made = CliRunner().invoke(
        app, ["fingerprint", "--audio", str(tmp_path / "audio/0.parquet"), "--out", str(tmp_path / "again.parquet")]
    )
    assert made.exit_code == 0, made.output
    assert contracts.read(FINGERPRINTS, tmp_path / "again.parquet").equals(
        contracts.read(FINGERPRINTS, tmp_path / "fingerprints/0.parquet")
    )
    words = {"manifest": trial.manifest, "folds": tmp_path / "folds.parquet", "out": tmp_path / "audit.parquet"}
    arguments = ["audit", *(text for name, path in words.items() for text in (f"--{name}", str(path)))]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "speaker" in done.output
    notes = contracts.metadata(tmp_path / "audit.parquet")
    assert (notes["words"], notes["threshold"]) == (str(leakage.WORDS), str(duplicates.THRESHOLD))
    refused = CliRunner().invoke(app, [*arguments, "--fingerprints", str(tmp_path / "fingerprints")])
    assert refused.exit_code == 2
    assert "'audio' (near audio): fold 0" in refused.output
    assert "Traceback" not in refused.output


def shipped_audit(name: str, corpus: str, facts: Facts, manifest: Path, fingerprints: Path | None) -> pd.DataFrame:
    """Split and audit a shipped protocol; skipped where the corpus lacks what the protocol asks for."""
    protocol, folder = PROTOCOLS[name], manifest.parent
    try:
        count = catalog.load("protocols", protocol.rule).folds(facts, **protocol.options)
        out = folder / f"{name}.parquet"
        split(SplitJob(corpus=corpus, name=name, protocol=protocol, manifest=manifest, out=out, folds=count))
    except SerError as error:
        pytest.skip(f"{corpus}: {str(error)[:100]}…")
    audit(AuditJob(manifest=manifest, folds=out, fingerprints=fingerprints, out=folder / f"audit-{name}.parquet"))
    table: pd.DataFrame = contracts.read(AUDIT, folder / f"audit-{name}.parquet").to_pandas()
    return table


@pytest.fixture(scope="module")
def iemocap_like(tmp_path_factory: pytest.TempPathFactory) -> tuple[Facts, Path]:
    """Five sessions of two in conversation; scripts return in all of them, and so does "I don't know what to do"."""
    table = pd.DataFrame(
        {
            "utterance": f"Ses{session}{gender[0]}_{style[:5]}{scene}_{emotion}{turn}",
            "speaker": f"Ses{session}{gender[0].upper()}",
            "session": f"Ses{session}",
            "dialog": f"Ses{session}_{style}{scene}",
            "gender": gender,
            "emotion": emotion,
            "style": style,
            "text": "I don't know what to do."
            if style == "improvised" and not turn
            else f"{style} {scene} {emotion} {turn}{f' of {session} {gender}' if style == 'improvised' else ''}",
        }
        for session in range(1, 6)
        for gender in ("female", "male")
        for style in ("improvised", "scripted")
        for scene in range(2)
        for emotion in NAMES
        for turn in range(2)
    )
    manifest = write_manifest(table, tmp_path_factory.mktemp("iemocap") / "manifest.parquet")
    known = (tuple(sorted(table[column].unique())) for column in ("speaker", "session", "emotion"))
    return Facts(len(table), *known), manifest


@pytest.mark.parametrize("name", sorted(PROTOCOLS))
def test_shipped_protocols_declare_what_a_corpus_like_iemocap_shares(
    name: str, iemocap_like: tuple[Facts, Path]
) -> None:
    table = shipped_audit(name, "like", *iemocap_like, None)
    seen = status(table)
    improvised = "style" in PROTOCOLS[name].subset
    out = PROTOCOLS[name].rule == "text_out"
    assert seen["text", "train"] == ("none" if improvised or out else "declared")
    assert seen["any text", "train"] == ("none" if out else "noted")
    assert seen["audio", "train"] == "unknown"
    if PROTOCOLS[name].rule == "session_out":
        assert seen["session", "train"] == seen["dialog", "train"] == "none"


@pytest.fixture(scope="module")
def ravdess_corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Facts, Path, Path]:
    """RAVDESS by its file names, with the audio of Actor_07; the others' recordings count as different ones."""
    if not REAL.is_dir():
        pytest.skip(f"no RAVDESS recordings at {REAL}")
    folder = tmp_path_factory.mktemp("ravdess")
    people = ravdess.utterances(REAL)
    table = pd.DataFrame([{**vars(row), "raters": None, "words": None} for row in people])
    manifest = write_manifest(table.drop(columns=["where"]), folder / "manifest.parquet")
    sounds = {
        row.utterance: soundfile.read(REAL / row.audio, dtype="float32")[0] for row in people if "_07" in row.audio
    }
    fingerprint(
        FingerprintJob(audio=write_audio(sounds, folder / "audio.parquet"), out=folder / "fingerprints/0.parquet")
    )
    draw = np.random.default_rng(0)
    cells = [
        {"utterance": row.utterance, "hash": row.utterance, "extent": 2.0, "vector": vector.tobytes(), "track": b""}
        for row in people
        if row.utterance not in sounds
        for vector in [(draw.standard_normal(512) / 512**0.5).astype("<f2")]
    ]
    others = pa.Table.from_pylist(cells, schema=FINGERPRINTS.schema)
    contracts.write(FINGERPRINTS, others, folder / "fingerprints/1.parquet")
    return ravdess.facts(REAL), manifest, folder / "fingerprints"


@pytest.mark.parametrize("name", sorted(PROTOCOLS))
def test_shipped_protocols_declare_what_ravdess_shares(name: str, ravdess_corpus: tuple[Facts, Path, Path]) -> None:
    table = shipped_audit(name, "ravdess", *ravdess_corpus)
    seen = status(table)
    assert seen["session", "train"] == seen["dialog", "train"] == "unknown"
    assert seen["text", "train"] == ("none" if PROTOCOLS[name].rule == "text_out" else "declared")
    if name in ("random-folds-all", "peng2021"):
        assert seen["audio", "train"] == "declared"
        same = table.loc[(table["kind"] == "audio") & (table["fold"] == ALL_FOLDS), "examples"].iloc[0]
        assert {one["utterance"] for one in same} == {"03-01-03-01-02-01-07", "03-01-03-01-02-02-07"}
    if "speaker" not in PROTOCOLS[name].leaks:
        assert seen["audio", "train"] == seen["near audio", "train"] == "none", "both are of one actor"


@pytest.fixture(scope="module")
def demo_corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Facts, Path, Path]:
    folder = tmp_path_factory.mktemp("demo")
    settings = Corpus(adapter="demo", options={"utterances": 300})
    raw, manifest = folder / "raw", folder / "manifest.parquet"
    fetch(FetchJob(corpus="demo", adapter="demo", options=settings.options, root=raw))
    paths = {"manifest": manifest, "recordings": folder / "recordings.parquet", "excluded": folder / "excluded.csv"}
    prepare(PrepareJob(corpus="demo", settings=settings, root=raw, **paths))
    resample(ResampleJob(recordings=paths["recordings"], root=raw, shard=0, out=folder / "audio.parquet"))
    fingerprint(FingerprintJob(audio=folder / "audio.parquet", out=folder / "fingerprints/0.parquet"))
    facts = catalog.load("corpora", "demo").facts(None, **settings.options)
    return facts, manifest, folder / "fingerprints"


@pytest.mark.parametrize("name", sorted(PROTOCOLS))
def test_shipped_protocols_declare_what_the_demo_corpus_shares(
    name: str, demo_corpus: tuple[Facts, Path, Path]
) -> None:
    table = shipped_audit(name, "demo", *demo_corpus)
    assert "unknown" not in set(table["status"])
    if "speaker" not in PROTOCOLS[name].leaks:
        assert status(table)["near audio", "train"] == "none", "two synthetic voices are not one recording"
