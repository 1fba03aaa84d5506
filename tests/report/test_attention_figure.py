"""The figure of attention: which utterance, whose weights, on the same seconds as the spectrogram; never a word."""

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from ser import layout
from ser.config.plan import Plan
from ser.config.schema import Block
from ser.errors import SerError
from ser.layout import Run
from ser.report import drawing
from ser.report.data.attention import read
from ser.report.sections import attention
from ser.tables import contracts

RATE = 16000
SECONDS = 1.5
BURST = (0.6, 0.8)  # seconds of noise in a silence
NAMES = ("0-000", "0-001")  # tested in fold 0
SYSTEMS = ("Audio-CNN", "SVM_50%")


def row(utterance: str, name: str, axis: str, start: float, step: float, weights: Any) -> dict[str, Any]:
    return {
        "utterance": utterance,
        "attention": name,
        "axis": axis,
        "start": start,
        "step": step,
        "weights": np.asarray(weights, np.float32),
    }


def write(run: Run, *rows: dict[str, Any]) -> None:
    table = pa.Table.from_pylist(list(rows), schema=contracts.ATTENTION.schema)
    contracts.write(contracts.ATTENTION, table, run.folder / "attention.parquet")


def write_recordings(corpus: str) -> None:
    """Write the audio of ``NAMES``, each in a shard of its own, with a transcript that no report may contain."""
    rows = []
    for shard, name in enumerate(NAMES):
        signal = np.zeros(round(SECONDS * RATE), np.float32)
        first, last = (round(second * RATE) for second in BURST)
        signal[first:last] = 0.1 * np.random.default_rng(0).standard_normal(last - first)
        sound = {"utterance": name, "rate": RATE, "frames": len(signal), "samples": signal.tobytes()}
        table = pa.Table.from_pylist([sound], schema=contracts.AUDIO.schema)
        contracts.write(contracts.AUDIO, table, layout.audio(corpus) / f"{shard}.parquet")
        facts = {"audio": "a.wav", "seconds": SECONDS, "rate": RATE, "channels": 1, "checksum": "0", "shard": shard}
        rows.append({"utterance": name, "text": "confidential sentence", **facts})
    table = pa.Table.from_pylist(rows, schema=contracts.MANIFEST.schema)
    contracts.write(contracts.MANIFEST, table, layout.manifest(corpus), {"adapter": corpus, "warning": ""})


@pytest.fixture
def plan(
    trained: Callable[..., None],
    plan_of: Callable[..., Plan],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Plan:
    """Return the plan of an experiment that was run in the current folder, without any attention."""
    monkeypatch.chdir(tmp_path)
    made = plan_of(Block(corpora=("other",), protocols=("session-out", "random"), systems=SYSTEMS), folds=2)
    trained(made)
    return made


def runs(plan: Plan, protocol: str, system: str) -> list[Run]:
    return [run for run in plan.runs() if (run.protocol, run.system) == (protocol, system)]


def write_attention(plan: Plan) -> None:
    """Write attention of Audio-CNN on both utterances, of SVM_50% on the second; all weight is on the burst."""
    weights = np.zeros(189)
    weights[[18, 19]] = 0.45, 0.35  # 4p − 3 rows: 0.695 s and 0.735 s
    weights[100] = 0.2  # 3.975 s, after the end
    first, second = (row(name, "timestep", "frames", -0.025, 0.04, weights) for name in NAMES)
    write(runs(plan, "random", "Audio-CNN")[0], first, second, row(NAMES[1], "hop 1", "words", 1, 1, [0.1, 0.7, 0.2]))
    write(runs(plan, "random", "SVM_50%")[0], row(NAMES[1], "layer 1", "frames", 0.005, 0.01, np.full(150, 1 / 150)))
    write_recordings("other")


def test_without_attention_the_figure_is_a_sentence(both: Path) -> None:
    assert (both / "figures/attention.png").read_bytes().startswith(b"\x89PNG")
    assert "no attention to show" in text_of(both / "figures/attention.svg")


def test_without_a_name_it_is_the_first_utterance_that_most_systems_have_in_common(plan: Plan) -> None:
    write_attention(plan)
    found = read(plan.runs())
    assert found is not None
    assert found.utterance == NAMES[1]
    assert [one.run for one in found.runs] == [runs(plan, "random", system)[0] for system in SYSTEMS]
    assert len(found.signal) == SECONDS * RATE
    written = contracts.read(contracts.PREDICTIONS, found.runs[0].run.folder / "predictions.parquet").to_pylist()
    saved = next(each for each in written if each["utterance"] == NAMES[1])
    one = found.runs[0]
    assert (one.label, one.predicted, one.probability) == (
        saved["label"],
        saved["predicted"],
        max(saved["probabilities"]),
    )


def test_equals_are_decided_by_name_and_order_of_the_runs(plan: Plan) -> None:
    write_attention(plan)
    write(runs(plan, "random", "SVM_50%")[0])
    found = read(plan.runs())
    assert found is not None
    assert found.utterance == NAMES[0]
    with_more = runs(plan, "session-out", "SVM_50%")[0]
    write(with_more, row(NAMES[1], "layer 1", "frames", 0.0, 0.1, [0.5, 0.5]))
    found = read(plan.runs())
    assert found is not None
    assert [one.run for one in found.runs] == [with_more], "the protocol that was run first"


def test_a_chosen_utterance_is_drawn_and_an_unknown_one_refused_with_those_that_are_known(plan: Plan) -> None:
    write_attention(plan)
    found = read(plan.runs(), NAMES[0])
    assert found is not None
    assert (found.utterance, len(found.runs)) == (NAMES[0], 1)
    with pytest.raises(SerError, match=r"experiment\.utterance.*0-009.*0-000, 0-001"):
        read(plan.runs(), "0-009")


def test_an_utterance_without_audio_is_named(plan: Plan) -> None:
    write_attention(plan)
    path = layout.audio("other") / "1.parquet"
    contracts.write(contracts.AUDIO, contracts.AUDIO.schema.empty_table(), path)
    with pytest.raises(SerError, match=r"audio.1\.parquet lacks utterance 0-001"):
        read(plan.runs())


def drawn(plan: Plan, warning: str = "") -> Figure:
    write_attention(plan)
    found = read(plan.runs())
    assert found is not None
    data = SimpleNamespace(attention=found, warnings={"demo": warning} if warning else {})
    return drawing.for_file(attention, data)


def test_the_weights_are_drawn_above_the_seconds_that_they_weight(plan: Plan) -> None:
    cnn, svm, spectrogram, words = drawn(plan).axes
    assert {axes.get_xlim() for axes in (cnn, svm, spectrogram)} == {(0, SECONDS)}
    (outline,) = [patch for patch in cnn.patches if patch.get_facecolor() == to_rgba("#0072B2") or not patch.get_fill()]
    values, edges, _ = outline.get_data()
    loudest = int(np.argmax(values))
    assert values[loudest] == pytest.approx(45)
    assert (edges[loudest] + edges[loudest + 1]) / 2 == pytest.approx(0.695)  # 0.04 · 18 − 0.025
    (image,) = spectrogram.images
    level, (left, right, *_) = np.asarray(image.get_array()), image.get_extent()
    middles = left + (np.arange(level.shape[1]) + 0.5) * (right - left) / level.shape[1]
    assert middles[0] == pytest.approx(0.0125)  # half a window of 25 ms
    assert middles[1] - middles[0] == pytest.approx(0.01)
    loud = middles[level.max(axis=0) > level.max() - 20]
    assert loud.min() == pytest.approx(BURST[0], abs=0.02)
    assert loud.max() == pytest.approx(BURST[1], abs=0.02)
    (line, even) = words.lines
    assert list(line.get_xdata()) == [1, 2, 3]
    np.testing.assert_allclose(line.get_ydata(), [10, 70, 20], rtol=1e-6)
    assert even.get_ydata()[0] == pytest.approx(100 / 3)


def test_bands_are_named_by_their_frequency() -> None:
    from ser.features.mfcc import mel_filters

    filters = mel_filters(attention.MELS, 1 << 16)
    peaks = filters.argmax(axis=0) * RATE / (1 << 16)
    for band in (0, 20, 63):
        assert attention._band(peaks[band]) == pytest.approx(band, abs=0.01)


def text_of(path: Path) -> str:
    return "".join(ET.parse(path).getroot().itertext())


def test_the_figure_has_ids_classes_and_the_share_after_the_end_but_no_word(
    plan: Plan, judge: Callable[..., None], render: Callable[..., None]
) -> None:
    write_attention(plan)
    out = Path("results/trial")
    judge(plan, out)
    render(plan, out)
    text = text_of(out / "figures/attention.svg")
    found = read(plan.runs())
    assert found is not None
    one = found.runs[0]
    sure = f"({100 * one.probability:.0f} %)"
    for expected in (NAMES[1], "true class:", *SYSTEMS, one.label, one.predicted, "hop 1", sure):
        assert expected in text, expected
    assert "timestep, 20 % after the end" in text
    assert "confidential" not in text
    assert (out / "figures/attention.png").read_bytes().startswith(b"\x89PNG")
    chosen = plan.model_copy(update={"experiment": plan.experiment.model_copy(update={"utterance": NAMES[0]})})
    render(chosen, out)
    assert NAMES[0] in text_of(out / "figures/attention.svg")


def test_a_warning_is_in_the_figure_and_equal_data_give_equal_files(plan: Plan) -> None:
    first, again = (drawing.encode(drawn(plan, "Synthetic speech."), "svg") for _ in range(2))
    assert first == again
    assert b"Synthetic speech." in first


def test_only_words_are_weighed_in_a_figure_of_its_own(plan: Plan) -> None:
    write(runs(plan, "random", "Audio-CNN")[0], row(NAMES[0], "words", "words", 1, 1, [0.5, 0.5]))
    write_recordings("other")
    found = read(plan.runs())
    assert len(attention.draw(SimpleNamespace(attention=found)).axes) == 2  # spectrogram and words
