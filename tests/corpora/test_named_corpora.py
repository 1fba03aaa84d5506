"""Corpora whose file names are the labels: miniature trees in their true naming, and whole published lists."""

from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from ser import catalog
from ser.corpora import _named_recordings
from ser.errors import SerError
from ser.files import listing

LISTS = Path(__file__).parents[3] / "shared/data/emobox/folds.csv.gz"
# Paths from published lists: emotion, speaker, gender, text.
NAMES: dict[str, dict[str, tuple[str, str | None, str | None, str | None]]] = {
    "aesdd": {
        "happiness/h07 (2).wav": ("happy", "2", None, None),
        "anger/a06 (5)b.wav": ("angry", "5", None, None),
        "disgust/d01 (01).wav": ("disgusted", "1", None, None),
    },
    "asvpesd": {
        "Audio/actor_4/03-01-02-01-07-04-02-03-01-02.wav": ("neutral", "4", "male", None),
        "Bonus/actor_150/03-02-04-02-10-150-04-01-00-14-07.wav": ("sad", "150", None, None),
        "Audio/actor_103/03-02-03-01-00-103-02-01-00-13.wav": ("happy", "103", "female", None),
    },
    "cafe": {
        "CaFE_48k/Surprise/Faible/12-S-1-1.wav": ("surprised", "12", None, None),
        "CaFE_48k/Neutre/08-N-1-2.wav": ("neutral", "08", None, None),
    },
    "casia": {
        "liuchanhg/neutral/236.wav": ("neutral", "liuchanhg", None, None),
        "wangzhe/surprise/236.wav": ("surprised", "wangzhe", None, None),
    },
    "cremad": {
        "AudioWAV/1085_TIE_NEU_XX.wav": ("neutral", "1085", None, "That is exactly what happened."),
        "AudioWAV/1029_IEO_DIS_MD.wav": ("disgusted", "1029", None, "It's eleven o'clock."),
    },
    "emodb": {
        "wav/16b01Aa.wav": ("fearful", "16", "female", "Was sind denn das für Tüten, die da unter dem Tisch stehen?"),
        "wav/03a05Nd.wav": (
            "neutral",
            "03",
            "male",
            "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
        ),
    },
    "emovo": {
        "m1/dis-m1-l3.wav": ("disgusted", "m1", "male", None),
        "f2/pau-f2-n2.wav": ("fearful", "f2", "female", None),
    },
    "emovdb": {
        "sam_Disgusted/Disgust_57-84_0062.wav": ("disgusted", "sam", "male", None),
        "bea_Amused/amused_113-140_0122.wav": ("amused", "bea", "female", None),
    },
    "esd": {
        "0013/Happy/0013_000975.wav": ("happy", "0013", None, None),
        "0009/Angry/train/0009_000512.wav": ("angry", "0009", None, None),
    },
    "mesd": {
        "Mexican Emotional Speech Database (MESD)/Disgust_F_A_por_favor.wav": (
            "disgusted",
            None,
            "female",
            "por favor",
        ),
        "Mexican Emotional Speech Database (MESD)/Neutral_C_B_bola.wav": ("neutral", None, None, "bola"),
    },
    "nemo": {
        "samples/WR0_surprised_64.wav": ("surprised", "WR0", "male", None),
        "samples/EB0_neutral_13.wav": ("neutral", "EB0", "female", None),
    },
    "oreau": {
        "m/sessd/07a10Da.wav": ("disgusted", "07", None, None),
        "m/sessn/23a04Na.wav": ("neutral", "23", None, None),
    },
    "polish": {"m1.s_nie_5.wav": ("sad", "m1", None, "nie"), "m2.n_podaj_2.wav": ("neutral", "m2", None, "podaj")},
    "savee": {"DC_a11.wav": ("angry", "DC", "male", None), "JE/su03.wav": ("surprised", "JE", "male", None)},
    "shemo": {"female/F09S02.wav": ("sad", "F09", "female", None), "male/M03A22.wav": ("angry", "M03", "male", None)},
    "subesco": {
        "M_06_SHUKANTO_S_5_FEAR_2.wav": ("fearful", "M_06", "male", None),
        "F_02_MONIKA_S_2_SURPRISE_3].wav": ("surprised", "F_02", "female", None),
    },
    "tess": {
        "YAF_hole_sad.wav": ("sad", "YAF", "female", "Say the word hole."),
        "OA_bite_neutral.wav": ("neutral", "OAF", "female", "Say the word bite."),
    },
    "turevdb": {
        "Sound Source/Angry/1984_kz_kirgin.wav": ("angry", "1984", None, "kirgin"),
        "Sound Source/Sad/7895_hl_ogul1.wav": ("sad", "7895", None, "ogul"),
    },
    "urdu": {
        "Angry/SM1_F15_A015.wav": ("angry", "SM1", "male", None),
        "Happy/SF7_F2_H063.wav": ("happy", "SF7", "female", None),
    },
}


def adapter(corpus: str) -> ModuleType:
    return catalog.load("corpora", corpus)


def put(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_every_corpus_of_the_scheme_has_names_here() -> None:
    schemed = {name for name in catalog.names("corpora") if hasattr(adapter(name), "RECORDINGS")}
    assert schemed == set(NAMES)
    assert len(catalog.names("corpora")) > 20


@pytest.mark.parametrize("corpus", sorted(NAMES))
def test_a_name_holds_every_field(tmp_path: Path, corpus: str) -> None:
    rows = adapter(corpus).utterances(put(tmp_path, *NAMES[corpus]))
    read = {row.audio: (row.emotion, row.speaker, row.gender, row.text) for row in rows}
    assert read == NAMES[corpus]
    assert len({row.utterance for row in rows}) == len(rows)


@pytest.mark.parametrize("corpus", sorted(NAMES))
def test_a_wrong_name_is_an_error_that_names_it(tmp_path: Path, corpus: str) -> None:
    root = put(tmp_path, *NAMES[corpus], "what is this.wav")
    with pytest.raises(SerError, match=r"1 recordings of .* are not named .*: what is this\.wav"):
        adapter(corpus).utterances(root)


@pytest.mark.parametrize("corpus", sorted(NAMES))
def test_a_second_copy_is_an_error_that_names_both(tmp_path: Path, corpus: str) -> None:
    first = next(iter(NAMES[corpus]))
    root = put(tmp_path, first, f"copy/{first}")
    with pytest.raises(SerError, match="there twice: ") as error:
        adapter(corpus).utterances(root)
    assert f"copy/{first}" in str(error.value)


@pytest.mark.parametrize("corpus", sorted(NAMES))
def test_a_part_of_the_corpus_differs_from_its_card(tmp_path: Path, corpus: str) -> None:
    module, root = adapter(corpus), put(tmp_path, *NAMES[corpus])
    differences = module.verify(module.utterances(root))
    assert f"{module.CARD.utterances} recordings expected, found {len(NAMES[corpus])}" in differences
    assert module.facts(root, allow_subset=True).utterances == len(NAMES[corpus])
    assert module.facts(root).utterances == module.CARD.utterances == sum(module.CARD.labels.values())


def test_the_texts_of_nemo_are_in_its_table(tmp_path: Path) -> None:
    root = put(tmp_path, *NAMES["nemo"])
    header = "file_id\temotion\traw_text\tnormalized_text\tspeaker_id\tgender\tage\n"
    row = "EB0_neutral_13.wav\tneutral\tTo \u017cart.\tto \u017cart\t        EB0\tfemale\t27\n"
    (root / "data.tsv").write_text(header + row, encoding="utf-8")
    assert [row.text for row in adapter("nemo").utterances(root)] == ["To \u017cart.", None]
    assert root / "data.tsv" in adapter("nemo").sources(root)
    (root / "data.tsv").write_text("file_id\temotion\n")
    with pytest.raises(SerError, match=r"data\.tsv: lacks the columns raw_text; it has file_id, emotion"):
        adapter("nemo").utterances(root)


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SerError, match="is this EmoDB"):
        adapter("emodb").utterances(tmp_path)


@pytest.mark.skipif(not LISTS.is_file(), reason=f"no fold lists at {LISTS}")
@pytest.mark.parametrize("corpus", sorted(set(NAMES) - {"nemo"}))  # which EmoBox has no list of
def test_the_whole_corpus_by_its_published_list(corpus: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pd.read_csv(LISTS, dtype=str, keep_default_na=False).query("corpus == @corpus").drop_duplicates("key")
    monkeypatch.setattr(_named_recordings, "recordings", lambda *_, **__: sorted(table["path"]))
    module = adapter(corpus)
    rows = module.utterances(Path("anywhere"))
    assert module.verify(rows) == []
    # one emotion per label of the list: the codes are read as the benchmark reads them
    pairs = {(label, row.emotion) for row, label in zip(rows, table.sort_values("path")["label"], strict=True)}
    assert len(pairs) == len(module.CARD.labels)
    assert {label for label, _ in pairs} == set(table["label"])


def test_names_with_a_leading_dot_are_passed_over(tmp_path: Path) -> None:
    root = put(tmp_path, "wav/16b01Aa.wav", "wav/._16b01Aa.wav", ".cache/16b01Aa.wav", "notes.txt")
    assert adapter("emodb").audio_files(root) == listing.recordings(root, (".wav",)) == ["wav/16b01Aa.wav"]
