"""The synthetic corpus: its plan, its bytes, and that IEMOCAP's reader reads it."""

import hashlib
import time
import wave
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from ser.corpora import demo, iemocap
from ser.corpora._emoevaluation import CODES
from ser.corpus import Utterance
from ser.demo_corpus import scenario
from ser.demo_corpus.code_counts import MAIN, SPEAKERS, counts
from ser.demo_corpus.espeak import Voice, synthesise
from ser.errors import SerError

SIZE = 150


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("demo")
    demo.release(root, utterances=SIZE, seed=3)
    return root


@pytest.fixture(scope="module")
def rows(release: Path) -> list[Utterance]:
    return demo.utterances(release, utterances=SIZE, seed=3)


def planned(utterances: int) -> list[Utterance]:
    """Return the plan as the reader would read it, without speaking it."""
    return [
        Utterance(
            one.name,
            "",
            "",
            CODES[one.code],
            speaker=one.speaker,
            session=one.speaker[:5],
            dialog=dialog,
            style="improvised" if "impro" in dialog else "scripted",
            text=one.text,
        )
        for dialog, lines in scenario.dialogs(utterances, 0).items()
        for one in lines
    ]


def signal(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16000)
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2") / 32768


def digests(root: Path) -> dict[str, str]:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_adapter_reads_the_planned_utterances(rows: list[Utterance]) -> None:
    assert demo.verify(rows, utterances=SIZE, seed=3) == []
    planned = {one.name: one for lines in scenario.dialogs(SIZE, 3).values() for one in lines}
    assert set(planned) == {row.utterance for row in rows}
    for row in rows:
        assert row.text is not None
        assert row.text.removeprefix("[LAUGHTER] ") == planned[row.utterance].text
        assert (row.speaker, row.emotion) == (planned[row.utterance].speaker, CODES[planned[row.utterance].code])


def test_every_recording_has_a_label_and_every_label_a_recording(release: Path, rows: list[Utterance]) -> None:
    assert sorted(row.audio for row in rows) == demo.audio_files(release)
    assert all(path.is_file() for path in demo.sources(release))


def test_the_files_have_the_oddities_of_the_release(release: Path, rows: list[Utterance]) -> None:
    labels = "".join(path.read_text() for path in release.glob("Session*/dialog/EmoEvaluation/Ses*.txt"))
    spoken = "".join(path.read_text() for path in release.glob("Session*/dialog/transcriptions/Ses*.txt"))
    assert "dom  ;" in labels
    assert "XX0 [" in spoken
    assert any(line.startswith(("M: ", "F: ")) for line in spoken.splitlines())
    assert any(b"\r\n" in path.read_bytes() for path in release.glob("Session*/dialog/*/Ses*.txt"))
    assert list(release.glob("Session5/sentences/wav/*/._*.wav"))
    assert list(release.glob("Session1/dialog/EmoEvaluation/Categorical/*_cat.txt"))
    assert any(len(emotions) > 1 for row in rows for _, emotions in row.raters)
    assert any(rater in ("F1", "M1") for row in rows for rater, _ in row.raters)
    assert any(row.valence is None for row in rows)
    assert 0 < sum(not row.words for row in rows) < 10


def test_words_are_those_of_the_text_and_lie_within_the_recording(release: Path, rows: list[Utterance]) -> None:
    for row in rows:
        seconds = len(signal(release / row.audio)) / 16000
        edges = [edge for word in row.words for edge in (word.start, word.end)]
        assert edges == sorted(edges)
        assert all(0 < edge < seconds for edge in edges)
        if row.words and row.text is not None:
            text = row.text.removeprefix("[LAUGHTER] ").upper()
            assert [word.word for word in row.words] == text.replace(",", "").replace(".", "").replace("?", "").split()


def test_anger_is_louder_and_faster_than_sadness_on_average(release: Path, rows: list[Utterance]) -> None:
    loudness, pace = defaultdict(list), defaultdict(list)
    for row in rows:
        samples = signal(release / row.audio)
        assert 0.01 < np.abs(samples).max() < 1
        loudness[row.emotion].append(10 * np.log10(np.mean(samples**2)))
        letters = sum(character.isalpha() for character in str(row.text))
        if letters > 20:
            pace[row.emotion].append(letters / (len(samples) / 16000))
    assert np.mean(loudness["angry"]) > np.mean(loudness["neutral"]) > np.mean(loudness["sad"])
    assert np.mean(pace["angry"]) > np.mean(pace["sad"])
    assert min(loudness["angry"]) < max(loudness["sad"])  # the distributions overlap


def test_the_same_options_give_the_same_bytes_whatever_the_jobs(tmp_path: Path) -> None:
    demo.release(tmp_path / "one", utterances=40, seed=5, jobs=1)
    demo.release(tmp_path / "two", utterances=40, seed=5, jobs=3)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_another_seed_gives_other_sentences() -> None:
    first, second = scenario.dialogs(60, 0), scenario.dialogs(60, 1)
    assert list(first.values()) != list(second.values())
    assert {one.text for lines in first.values() for one in lines} != {
        one.text for lines in second.values() for one in lines
    }


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(SerError, match=r"not empty.*mine\.txt"):
        demo.release(tmp_path, utterances=40)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("utterances", [39, 10040])
def test_a_size_that_cannot_be_is_refused_before_anything_is_read(utterances: int) -> None:
    with pytest.raises(SerError, match=r"40 .* to 10039"):
        demo.facts(None, utterances=utterances)


@pytest.mark.parametrize("utterances", [40, 106, 150, 240, 300, 1000, 5000, 10039])
def test_the_plan_has_the_requested_number_of_utterances(utterances: int) -> None:
    cells = counts(utterances)
    assert sum(cells.values()) == utterances == demo.facts(None, utterances=utterances).utterances
    if utterances >= 106:
        assert {code for (_, _, code), count in cells.items() if count} == set(CODES)
        assert all(cells[name, style, code] for name in SPEAKERS for style in ("impro", "script") for code in MAIN)


def test_at_full_size_the_plan_has_the_published_counts_of_iemocap() -> None:
    rows = planned(10039)
    assert iemocap.verify(rows) == []
    assert Counter(row.emotion for row in rows) == iemocap.CARD.labels
    improvised = Counter(row.emotion for row in rows if row.style == "improvised")
    assert [improvised[name] for name in iemocap.FOUR_CLASSES] == [289, 284, 663, 1099, 608]
    dialogs = Counter(row.session for row in {row.dialog: row for row in rows}.values())
    assert [dialogs[session] for session in demo.SESSIONS] == [28, 30, 32, 30, 31]
    assert all(iemocap.NAME.fullmatch(row.utterance) for row in rows)


def test_odd_dialogs_and_both_markers_are_in_a_small_corpus() -> None:
    names = set(scenario.dialogs(240, 0))
    parts = {f"Ses03M_impro{part}" for part in ("05a", "05b", "08a", "08b")}
    assert names >= parts | {"Ses05M_script01_1b"}
    assert {name[:6] for name in names} == set(SPEAKERS)


def test_scripts_repeat_their_lines_over_the_sessions_and_improvisations_do_not() -> None:
    sessions: dict[str, dict[str, set[str]]] = {"improvised": defaultdict(set), "scripted": defaultdict(set)}
    for row in planned(1000):
        if row.text and len(row.text.split()) > 8:
            sessions[str(row.style)][row.text].add(str(row.session))
    shared = {style: np.mean([len(where) > 1 for where in texts.values()]) for style, texts in sessions.items()}
    assert shared["scripted"] > 0.3
    assert shared["improvised"] < 0.05


def test_verify_names_missing_and_surplus_utterances(rows: list[Utterance]) -> None:
    first = rows[0]
    missing = demo.verify(rows[1:], utterances=SIZE, seed=3)
    assert len(missing) == 1
    assert f"{first.speaker} {first.emotion} {first.style}: expected" in missing[0]
    assert demo.verify(rows, utterances=SIZE + 1, seed=3)


def test_espeak_gives_the_same_samples_after_other_text_and_at_another_time() -> None:
    voice = Voice("en-us+f2")  # a breathy one: its noise comes from a random generator
    line = ("Excuse me, one of the letters is gone.", voice)
    first, _, again = synthesise([line, ("Something else.", Voice("en-us+m3", rate=240, pitch=90)), line])
    time.sleep(1.1)  # eSpeak seeds that generator by the second
    (later,) = synthesise([line])
    assert first == again == later
    assert [word for word, _ in first[1]] == ["Excuse", "me", "one", "of", "the", "letters", "is", "gone"]


def test_the_ten_speakers_have_ten_voices() -> None:
    spoken = {one.speaker: one.voice for lines in scenario.dialogs(40, 0).values() for one in lines}
    assert len({voice.name for voice in spoken.values()}) == 10
    # eSpeak takes an unknown variant for the plain voice and prints nothing
    speech = synthesise([("Good morning.", Voice(voice.name)) for voice in spoken.values()])
    assert len({samples for samples, _ in speech}) == 10


def test_a_voice_that_does_not_exist_is_an_error_that_names_it(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SerError, match=r"no speech for 'Second\.' with .*gibberish"):
        synthesise([("First.", Voice("en-us+m1")), ("Second.", Voice("gibberish")), ("Third.", Voice("en-us+m1"))])
    assert "there is no voice 'gibberish'" in capfd.readouterr().err
