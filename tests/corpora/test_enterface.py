"""eNTERFACE'05: labels from folders, every quirk of the release, and films prepared into a manifest."""

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile

from ser.config.schema import Corpus
from ser.corpora import enterface
from ser.corpus import Facts
from ser.emotions import NAMES
from ser.errors import SerError
from ser.stages.prepare import PrepareJob, prepare
from ser.tables import contracts

CODES = {"anger": "an", "disgust": "di", "fear": "fe", "happiness": "ha", "sadness": "sa", "surprise": "su"}
RATE = 48_000


def release() -> list[str]:
    """Return the files of the release with all that is odd about it; which three of subject 23 lack is a guess."""
    files = []
    for subject in (number for number in range(1, 45) if number != 6):
        for emotion, code in CODES.items():
            for sentence in range(1, 6):
                if (subject, emotion) == (23, "happiness") and sentence > 2:
                    continue
                prefix = {11: "s12", 3: "s_3" if sentence < 4 else "s3"}.get(subject, f"s{subject}")
                ending = {(16, "su", 3): "3avi", (2, "an", 1): "2", (2, "an", 2): "1"}.get(
                    (subject, code, sentence), str(sentence)
                )
                files.append(f"subject {subject}/{emotion}/sentence {sentence}/{prefix}_{code}_{ending}.avi")
    return files + [f"subject 6/{emotion}/s6_{code}.avi" for emotion, code in CODES.items()]


def test_names_of_other_recordings_are_not_those_of_the_release() -> None:
    assert all(enterface.STEM.fullmatch(Path(name).stem) for name in release())
    assert not any(enterface.STEM.fullmatch(name) for name in ("s01_01", "s2_ok", "S3_b2_1", "s1_an_07", "s4_happy"))


def put(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def film(path: Path, seed: int = 0, seconds: float = 0.4) -> np.ndarray:
    """Write a film with a picture and stereo noise at 48 kHz; return the noise, (frames, 2) of 16 bits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn = np.random.default_rng(seed).uniform(-0.5, 0.5, (round(seconds * RATE), 2))
    sound = np.round(drawn * 32_768).astype(np.int16)
    with av.open(path, "w", format="avi") as container:
        video = container.add_stream("mpeg4", rate=25)
        video.width = video.height = 16
        video.pix_fmt = "yuv420p"
        track = container.add_stream("pcm_s16le", rate=RATE, layout="stereo")
        container.mux(video.encode(av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")))
        container.mux(video.encode(None))
        frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="s16", layout="stereo")
        frame.rate = RATE
        container.mux(track.encode(frame))
        container.mux(track.encode(None))
    return sound


def prepared(root: Path, **settings: Any) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    manifest, excluded = root.parent / "out/manifest.parquet", root.parent / "out/excluded.csv"
    recordings = root.parent / "out/recordings.parquet"
    entry = Corpus(adapter="enterface", **settings)
    paths = {"manifest": manifest, "recordings": recordings, "excluded": excluded}
    prepare(PrepareJob(corpus="enterface", settings=entry, root=root, jobs=2, **paths))
    with excluded.open(newline="") as file:
        return contracts.read(contracts.MANIFEST, manifest).to_pylist(), list(csv.DictReader(file))


def test_the_whole_release_equals_its_card(tmp_path: Path) -> None:
    rows = enterface.utterances(put(tmp_path, *release()))
    assert enterface.verify(rows) == []
    assert len({row.utterance for row in rows}) == len(rows) == enterface.CARD.utterances == 1287
    assert Counter(row.emotion for row in rows) == enterface.CARD.labels
    assert set(enterface.CARD.labels) <= set(NAMES)
    speakers = Counter(row.speaker for row in rows)
    assert sorted(speakers) == list(enterface.CARD.speakers)
    assert {speaker: count for speaker, count in speakers.items() if count != 30} == {"subject_23": 27}
    assert enterface.sources(tmp_path) == sorted(tmp_path / name for name in release())


def test_the_folder_names_the_speaker(tmp_path: Path) -> None:
    rows = {row.audio: row for row in enterface.utterances(put(tmp_path, *release()))}
    other = rows["subject 11/fear/sentence 4/s12_fe_4.avi"]
    assert (other.speaker, other.utterance, other.emotion) == ("subject_11", "s11_fe_4", "fearful")
    assert rows["subject 12/fear/sentence 4/s12_fe_4.avi"].utterance == "s12_fe_4"
    assert rows["subject 3/sadness/sentence 1/s_3_sa_1.avi"].utterance == "s3_sa_1"
    assert rows["subject 16/surprise/sentence 3/s16_su_3avi.avi"].utterance == "s16_su_3"
    assert {row.gender for row in rows.values()} == {None}


@pytest.mark.parametrize("names", [("s2_an_1", "s2_an_2"), ("s2_an_2", "s2_an_1")])
def test_the_swapped_sentences_swap_their_text_only(tmp_path: Path, names: tuple[str, str]) -> None:
    files = [f"subject 2/anger/sentence {k}/{name}.avi" for k, name in enumerate(names, start=1)]
    put(tmp_path, *files, "subject 4/anger/sentence 1/s4_an_1.avi", "subject 4/anger/sentence 2/s4_an_2.avi")
    texts = {row.utterance: row.text for row in enterface.utterances(tmp_path)}
    assert texts["s2_an_1"] == texts["s4_an_2"] == "I don't care about your coffee! Please serve me!"
    assert texts["s2_an_2"] == texts["s4_an_1"]


def test_no_two_emotions_share_a_sentence() -> None:
    texts = [text for sentences in enterface.SENTENCES.values() for text in sentences]
    assert {len(sentences) for sentences in enterface.SENTENCES.values()} == {5}
    known = [text for text in texts if text is not None]
    assert len(set(known)) == len(known) == 28


def test_uncut_sessions_are_left_out_with_a_reason(tmp_path: Path) -> None:
    put(tmp_path, *release())
    left_out = enterface.left_out(tmp_path)
    assert sorted(left_out) == [f"subject 6/{emotion}/s6_{code}.avi" for emotion, code in CODES.items()]
    assert all("not cut" in reason for reason in left_out.values())
    assert not set(left_out) & set(enterface.audio_files(tmp_path))


def test_the_complete_subjects_are_the_1260_clips_of_the_paper(tmp_path: Path) -> None:
    put(tmp_path, *release())
    rows = enterface.utterances(tmp_path, complete=True)
    assert len(rows) == 1260
    assert enterface.verify(rows, complete=True) == []
    assert set(Counter(row.speaker for row in rows).values()) == {30}
    facts = enterface.facts(tmp_path, complete=True)
    assert (facts.utterances, facts.speakers) == (1260, tuple(sorted({row.speaker for row in rows if row.speaker})))
    left_out = enterface.left_out(tmp_path, complete=True)
    assert Counter(left_out.values()) == {
        "is a whole session, not cut into sentences": 6,
        "its subject has 27 of the 30 clips": 27,
    }
    assert enterface.sources(tmp_path, complete=True) == enterface.sources(tmp_path)
    assert "1 of 1260" in enterface.verify(rows[1:], complete=True)[0]


@pytest.mark.parametrize("top", ["enterface database/", "Enterface Database/"])
def test_a_folder_around_the_release_is_read(tmp_path: Path, top: str) -> None:
    put(tmp_path, *(top + name for name in release()))
    rows = enterface.utterances(tmp_path)
    assert enterface.verify(rows) == []
    assert len(enterface.left_out(tmp_path)) == 6
    assert (tmp_path / rows[0].audio).is_file()


def test_case_and_format_do_not_matter_and_a_film_goes_before_its_copy(tmp_path: Path) -> None:
    one, two, three = (f"subject 1/fear/sentence {k}/s1_fe_{k}" for k in (1, 2, 3))
    put(tmp_path, f"{one}.AVI", f"{one}.wav", f"{two}.wav", f"{three}.FLAC")
    put(tmp_path, "Subject 4/Anger/Sentence 2/S4_AN_2.Avi")
    rows = {row.utterance: row.audio for row in enterface.utterances(tmp_path)}
    assert rows == {
        "s1_fe_1": f"{one}.AVI",
        "s1_fe_2": f"{two}.wav",
        "s1_fe_3": f"{three}.FLAC",
        "s4_an_2": "Subject 4/Anger/Sentence 2/S4_AN_2.Avi",
    }
    assert tmp_path / f"{one}.wav" not in enterface.sources(tmp_path)


def test_dotfiles_and_other_files_are_passed_over(tmp_path: Path) -> None:
    real = "subject 1/fear/sentence 1/s1_fe_1.avi"
    noise = ("subject 1/fear/sentence 1/._s1_fe_1.avi", "subject 1/.trash/s1_fe_2.avi", "subject 1/fear/Thumbs.db")
    put(tmp_path, real, *noise, ".subject 2/x.avi", "a.avi", "faces/subject 1.avi")
    assert enterface.audio_files(tmp_path) == [real]
    assert enterface.sources(tmp_path) == [tmp_path / real]


@pytest.mark.parametrize(
    "name",
    [
        "subject 1/fear/sentence 1/s2_fe_1.avi",  # another subject's
        "subject 1/fear/sentence 1/s12_fe_1.avi",
        "subject 1/fear/sentence 1/s1_an_1.avi",  # another emotion's
        "subject 1/fear/sentence 1/s1_fe_2.avi",  # another sentence's
        "subject 1/fear/s1_fe_1.avi",
        "subject 1/fear/sentence 6/s1_fe_6.avi",
        "subject 1/boredom/sentence 1/s1_bo_1.avi",
        "subject 6/fear/sentence 1/s6_fe_1.avi",
        "subject 45/fear/sentence 1/s45_fe_1.avi",
        "subject 1/fear/sentence 1/s1_fe_1 (1).avi",
        "subject 1/talk.wav",
    ],
)
def test_a_wrong_name_is_an_error_that_names_it(tmp_path: Path, name: str) -> None:
    put(tmp_path, "subject 7/fear/sentence 1/s7_fe_1.avi", name)
    with pytest.raises(SerError) as error:
        enterface.utterances(tmp_path)
    assert name in str(error.value)
    assert "s7_fe_1" not in str(error.value)


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SerError, match="subject 44"):
        enterface.utterances(tmp_path)
    assert enterface.sources(tmp_path / "none") == []


def test_facts_of_the_card_and_of_a_subset(tmp_path: Path) -> None:
    whole = Facts(1287, enterface.CARD.speakers, (), tuple(enterface.CARD.labels))
    assert enterface.facts(None) == enterface.facts(tmp_path / "none", allow_subset=True) == whole
    put(tmp_path, "subject 9/fear/sentence 1/s9_fe_1.avi", "subject 10/anger/sentence 1/s10_an_1.avi")
    assert enterface.facts(tmp_path) == whole
    subset = enterface.facts(tmp_path, allow_subset=True)
    assert subset == Facts(2, ("subject_09", "subject_10"), (), ("angry", "fearful"))


def test_differences_to_the_card_are_named(tmp_path: Path) -> None:
    put(tmp_path, *release())
    (tmp_path / "subject 7/anger/sentence 2/s7_an_2.avi").unlink()
    (tmp_path / "subject 23/happiness/sentence 1/s23_ha_1.avi").unlink()
    differences = " ".join(enterface.verify(enterface.utterances(tmp_path)))
    counts = {"angry": (215, 214), "happy": (212, 211), "subject_07": (30, 29), "subject_23": (27, 26)}
    for word in ("s7_an_2", *(f"{name}: expected {count}, found {found}" for name, (count, found) in counts.items())):
        assert word in differences


def test_films_and_copies_are_prepared_into_a_manifest(tmp_path: Path) -> None:
    root = tmp_path / "r"
    odd = (
        "subject 11/anger/sentence 1/s12_an_1.avi",
        "subject 12/anger/sentence 1/s12_an_1.AVI",
        "subject 3/fear/sentence 2/s_3_fe_2.avi",
        "subject 16/surprise/sentence 3/s16_su_3avi.avi",
    )
    for seed, name in enumerate(odd):
        film(root / name, seed)
    film(root / "subject 6/anger/s6_an.avi", 9)
    copied = root / "subject 4/sadness/sentence 4/s4_sa_4.wav"
    copied.parent.mkdir(parents=True)
    soundfile.write(copied, np.random.default_rng(5).uniform(-0.5, 0.5, 16_000), 16_000)
    with pytest.raises(SerError, match=r"subset.*1280 of 1287"):
        prepared(root)
    rows, left_out = prepared(root, allow=["subset"])
    assert [(row["audio"], "not cut" in row["reason"]) for row in left_out] == [("subject 6/anger/s6_an.avi", True)]
    assert [(row["utterance"], row["emotion"], row["speaker"]) for row in rows] == [
        ("s11_an_1", "angry", "subject_11"),
        ("s12_an_1", "angry", "subject_12"),
        ("s16_su_3", "surprised", "subject_16"),
        ("s3_fe_2", "fearful", "subject_03"),
        ("s4_sa_4", "sad", "subject_04"),
    ]
    assert [(row["rate"], row["channels"]) for row in rows] == [*[(RATE, 2)] * 4, (16_000, 1)]
    assert [row["seconds"] for row in rows] == pytest.approx([0.4, 0.4, 0.4, 0.4, 1.0])
    assert len({row["checksum"] for row in rows}) == 5


def test_a_torn_film_is_reported_by_its_clip(tmp_path: Path) -> None:
    root = tmp_path / "r"
    film(root / "subject 1/fear/sentence 1/s1_fe_1.avi")
    torn = root / "subject 1/fear/sentence 2/s1_fe_2.avi"
    film(torn, 1)
    torn.write_bytes(torn.read_bytes()[:-20_000])
    with pytest.raises(SerError, match=r"unreadable, 1: s1_fe_2: is truncated"):
        prepared(root, allow=["subset"])
    rows, left_out = prepared(root, allow=["subset", "unreadable"])
    assert [row["utterance"] for row in rows] == ["s1_fe_1"]
    assert left_out[0]["utterance"] == "s1_fe_2"
