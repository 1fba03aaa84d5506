"""The IEMOCAP reader on a hand-written miniature release with the real one's oddities."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from ser.config.schema import Corpus
from ser.corpora import iemocap
from ser.corpus import Utterance, Word
from ser.emotions import NAMES
from ser.errors import SerError
from ser.stages.prepare import PrepareJob, prepare

HEAD = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
IMPRO = (
    HEAD + "[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5000, 2.5000]\n"
    "C-E2:\tNeutral;\t()\nC-E3:\tNeutral state;\t()\nC-E4:\tNeutral;\t()\nC-F1:\tNeutral; Anger;\t(curious)\n"
    "A-E3:\tval 3; act 2; dom  2;\t()\nA-E4:\tval 2; act 3; dom  ;\t(mildly aggravated, attitude)\n"
    "A-F1:\tval 3; act 2; dom  1;\t()\n\n"
    "[10.0100 - 11.3925]\tSes01F_impro01_M011\txxx\t[0.0000, 3.5000, nan]\n"
    "C-E2:\tFrustration;\t()\nC-E3:\tAnger; Pride;\t(what a\ncomment)\nC-M1:\tOther;\t()\n\n"
)
SCRIPT = HEAD + "[1.0 - 2.0]\tSes05M_script01_1b_F000\toth\t[3.0000, 3.0000, 3.0000]\nC-E2:\tOther;\t()\n\n"
SPLIT = HEAD + "[1.0 - 2.0]\tSes03M_impro05a_M000\tsad\t[3.0000, 3.0000, 3.0000]\n\n"
WORDS = (
    "\t SFrm  EFrm    SegAScr Word\n\t    0    29   -119000 <s>\n\t   30    87   -500000 EXCUSE(8)\n"
    "\t   88   120    -90000 <sil>\n\t  121   130    -90000 ++LAUGHTER++\n\t  131   158   -200000 ME\n"
    "\t  159   160    -10000 </s>\n Total score: -919000\n"
)


def put(root: Path, path: str, content: str | bytes) -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


@pytest.fixture
def release(tmp_path: Path) -> Path:
    root = tmp_path / "IEMOCAP_full_release"
    put(root, "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt", IMPRO)
    put(root, "Session1/dialog/EmoEvaluation/._Ses01F_impro01.txt", b"\x00\x05\x16\x07\x00\xff")
    put(root, "Session1/dialog/EmoEvaluation/Categorical/Ses01F_impro01_e2_cat.txt", "Ses01F_impro01_F005 :Anger; ()")
    put(root, "Session3/dialog/EmoEvaluation/Ses03M_impro05a.txt", SPLIT)
    put(root, "Session5/dialog/EmoEvaluation/Ses05M_script01_1b.txt", SCRIPT.replace("\n", "\r\n"))
    put(
        root,
        "Session1/dialog/transcriptions/Ses01F_impro01.txt",
        "Ses01F_impro01_F000 [006.2901-008.2357]: Excuse me.\r\nM: Yeah.\r\n"
        "Ses01F_impro01_MXX0 [008.3000-008.9000]: [LAUGHTER]\r\n"
        "Ses01F_impro01_M011 [010.0100-011.3925]: Do you?\r\n",
    )
    put(root, "Session1/sentences/ForcedAlignment/Ses01F_impro01/Ses01F_impro01_F000.wdseg", WORDS)
    for name in ("Ses01F_impro01_F000", "Ses01F_impro01_M011", "._Ses01F_impro01_F000", "Ses01F_impro01_MXX0"):
        put(root, f"Session1/sentences/wav/Ses01F_impro01/{name}.wav", b"RIFF")
    put(root, "Session3/sentences/wav/Ses03M_impro05a/Ses03M_impro05a_M000.wav", b"RIFF")
    put(root, "Session5/sentences/wav/Ses05M_script01_1b/Ses05M_script01_1b_F000.wav", b"RIFF")
    return root


def labels(release: Path, text: str) -> str:
    """Replace session 1's labels by ``text`` and return the message of the reader's error."""
    put(release, "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt", text)
    with pytest.raises(SerError) as caught:
        iemocap.utterances(release)
    return str(caught.value)


def test_the_labelled_utterances_are_read_in_order(release: Path) -> None:
    rows = iemocap.utterances(release)
    assert [row.utterance for row in rows] == [
        "Ses01F_impro01_F000",
        "Ses01F_impro01_M011",
        "Ses03M_impro05a_M000",
        "Ses05M_script01_1b_F000",
    ]
    assert [row.emotion for row in rows] == ["neutral", "undecided", "sad", "other"]
    assert [row.style for row in rows] == ["improvised", "improvised", "improvised", "scripted"]
    assert [row.dialog for row in rows] == ["Ses01F_impro01"] * 2 + ["Ses03M_impro05a", "Ses05M_script01_1b"]


def test_the_speaker_is_in_the_last_field_of_the_name(release: Path) -> None:
    found = {row.utterance: (row.session, row.speaker, row.gender) for row in iemocap.utterances(release)}
    assert found["Ses01F_impro01_M011"] == ("Ses01", "Ses01M", "male")
    assert found["Ses05M_script01_1b_F000"] == ("Ses05", "Ses05F", "female")


def test_each_rater_keeps_all_of_their_labels(release: Path) -> None:
    first, second, *_ = iemocap.utterances(release)
    assert first.raters == (
        ("E2", ("neutral",)),
        ("E3", ("neutral",)),
        ("E4", ("neutral",)),
        ("F1", ("neutral", "angry")),
    )
    assert second.raters == (("E2", ("frustrated",)), ("E3", ("angry", "pride")), ("M1", ("other",)))


def test_unrated_dimensions_are_absent(release: Path) -> None:
    first, second, *_ = iemocap.utterances(release)
    assert (first.valence, first.activation, first.dominance) == (2.5, 2.5, 2.5)
    assert (second.valence, second.activation, second.dominance) == (None, 3.5, None)


def test_text_comes_from_timed_lines_only(release: Path) -> None:
    rows = iemocap.utterances(release)
    assert [row.text for row in rows] == ["Excuse me.", "Do you?", None, None]


def test_words_are_in_seconds_without_silence_and_noise(release: Path) -> None:
    first, second, *_ = iemocap.utterances(release)
    assert first.words == (Word("EXCUSE", 0.3, 0.88), Word("ME", 1.31, 1.59))
    assert second.words == ()


def test_an_alignment_row_that_is_malformed_is_named(release: Path) -> None:
    put(release, "Session1/sentences/ForcedAlignment/Ses01F_impro01/Ses01F_impro01_F000.wdseg", "1 2 EXCUSE\n")
    with pytest.raises(SerError, match=r"F000\.wdseg:1: .*'1 2 EXCUSE'"):
        iemocap.utterances(release)


def test_paths_are_relative_to_the_root_that_was_given(release: Path) -> None:
    inner, outer = iemocap.utterances(release), iemocap.utterances(release.parent)
    assert inner[0].audio == "Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav"
    assert outer[0].audio == f"IEMOCAP_full_release/{inner[0].audio}"
    assert (release.parent / outer[0].audio).is_file()
    assert inner[0].where.endswith("Session1/dialog/EmoEvaluation/Ses01F_impro01.txt:3")


def test_recordings_that_ought_to_have_a_label_are_listed(release: Path) -> None:
    put(release, "Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F099.wav", b"RIFF")
    labelled = {row.audio for row in iemocap.utterances(release)}
    audio = iemocap.audio_files(release)
    assert audio == sorted(audio)
    assert set(audio) - labelled == {"Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F099.wav"}


def test_sources_are_sorted_and_hold_neither_dotfiles_nor_single_raters(release: Path) -> None:
    found = iemocap.sources(release)
    assert found == sorted(found)
    assert len(found) == 10  # three label files, a transcription, an alignment, five recordings
    assert not any(path.name.startswith(".") or "Categorical" in path.parts for path in found)


def test_facts_are_the_cards_unless_a_subset_is_allowed(release: Path) -> None:
    whole = iemocap.facts(release)
    assert whole == iemocap.facts(None, allow_subset=True)
    assert (whole.utterances, len(whole.speakers), len(whole.sessions)) == (10039, 10, 5)
    part = iemocap.facts(release.parent, allow_subset=True)
    assert (part.utterances, part.sessions) == (4, ("Ses01", "Ses03", "Ses05"))
    assert part.speakers == ("Ses01F", "Ses01M", "Ses03M", "Ses05F")


def test_a_folder_that_is_not_the_release_is_described(tmp_path: Path) -> None:
    put(tmp_path, "Session_1/readme.txt", "x")
    with pytest.raises(SerError, match=r"expected the folders Session1,.*found Session_1"):
        iemocap.utterances(tmp_path)
    with pytest.raises(SerError, match="not a folder"):
        iemocap.utterances(tmp_path / "nowhere")
    (tmp_path / "Session1").mkdir()
    with pytest.raises(SerError, match="no labels"):
        iemocap.utterances(tmp_path)


def test_an_unknown_code_is_named_with_the_known_ones(release: Path) -> None:
    message = labels(release, IMPRO.replace("\tneu\t", "\tneut\t"))
    assert "Ses01F_impro01.txt:3" in message
    assert "Did you mean 'neu'?" in message
    assert "xxx" in message


@pytest.mark.parametrize(
    ("right", "wrong", "line"),
    [
        ("[6.2901 - 8.2357]", "[6.2901 8.2357]", 3),
        ("[2.5000, 2.5000, 2.5000]", "[2.5000, 2.5000]", 3),
        ("[2.5000, 2.5000, 2.5000]", "[2.5000, high, 2.5000]", 3),
        ("C-E2:\tNeutral;\t()\n", "Neutral\n", 4),
        ("% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n", "C-E2:\tAnger;\t()\n", 1),
    ],
)
def test_a_malformed_line_is_named(release: Path, right: str, wrong: str, line: int) -> None:
    assert right in IMPRO
    assert f"Ses01F_impro01.txt:{line}: " in labels(release, IMPRO.replace(right, wrong))


def test_an_utterance_that_comes_twice_is_named_with_both_lines(release: Path, tmp_path: Path) -> None:
    put(release, "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt", IMPRO.replace("M011", "F000"))
    outputs = {name: tmp_path / name for name in ("manifest", "recordings", "excluded")}
    with pytest.raises(SerError, match=r"more than once: Ses01F_impro01_F000 \(.*\.txt:3 and .*\.txt:\d+\)"):
        prepare(PrepareJob(corpus="iemocap", settings=Corpus(adapter="iemocap"), root=release, jobs=1, **outputs))


@pytest.mark.parametrize(
    "name", ["Ses01F_impro01_X000", "Ses01F_impro1_F000", "Ses06F_impro01_F000", "Ses02F_impro01_F000"]
)
def test_a_name_that_is_not_of_the_scheme_is_named(release: Path, name: str) -> None:
    message = labels(release, IMPRO.replace("Ses01F_impro01_F000", name))
    assert f"'{name}'" in message
    assert ":3: " in message


@pytest.mark.parametrize("dialog", ["Ses03M_impro05a", "Ses03M_impro08b", "Ses05M_script01_1b", "Ses02F_script03_2"])
def test_odd_dialogs_are_of_the_scheme(dialog: str) -> None:
    match = iemocap.NAME.fullmatch(f"{dialog}_F012")
    assert match is not None
    assert match[1] == dialog


def test_the_card_adds_up() -> None:
    card = iemocap.CARD
    assert sum(card.labels.values()) == card.utterances == sum(iemocap.SESSION_TOTALS) == 10039
    assert sum(card.labels[emotion] for emotion in iemocap.FOUR_CLASSES) == sum(iemocap.SPEAKER_TOTALS) == 5531
    for emotion, counts in iemocap.PER_SESSION.items():
        assert sum(counts) == card.labels[emotion]
    assert set(card.labels) == set(iemocap.facts(None).emotions) <= set(NAMES)
    assert sum(iemocap.STYLES.values()) == 10039


def test_verify_names_session_label_and_speaker_of_a_difference() -> None:
    rows = [Utterance("x", "x.wav", "x:1", "angry", session="Ses03", speaker="Ses03F", style="scripted", text="a")]
    differences = iemocap.verify(rows * 2)
    assert "Ses03 angry: expected 240, found 2" in differences
    assert "angry, happy, excited, neutral and sad Ses03F: expected 522, found 2" in differences
    assert any("no transcription" in text for text in iemocap.verify([replace(rows[0], text=None)]))


def test_a_release_inside_the_release_is_not_taken_and_named(release: Path, tmp_path: Path) -> None:
    assert iemocap.left_out(tmp_path) == {}
    copied = release / "IEMOCAP_full_release"
    shutil.copytree(release / "Session3", copied / "Session3")
    assert len(iemocap.utterances(release)) == 4
    ((audio, reason),) = iemocap.left_out(release).items()
    assert audio == "IEMOCAP_full_release/Session3/sentences/wav/Ses03M_impro05a/Ses03M_impro05a_M000.wav"
    assert "another release" in reason
