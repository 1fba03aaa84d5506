"""The verbs that use a trained system: write it as a bundle or ONNX graph, and predict recordings with it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ser.inference.recordings import Request
    from ser.inference.trained import Trained

Model = Annotated[Path, typer.Argument(help="Folder of a run, or an experiment: its name or its folder in results/.")]
Corpus = Annotated[str | None, typer.Option(help="Of an experiment: the corpus.")]
Protocol = Annotated[str | None, typer.Option(help="Of an experiment: the protocol.")]
SystemName = Annotated[str | None, typer.Option("--system", help="Of an experiment: the system; default: best on dev.")]
Weights = Annotated[
    list[str] | None,
    typer.Option(metavar="FEATURE=FILE", help="The file that a feature was extracted with, such as xvector=FILE."),
]


def bundle(
    model: Model,
    out: Annotated[Path, typer.Argument(help="Folder to write, or a zip where its name ends in .zip.")],
    corpus: Corpus = None,
    protocol: Protocol = None,
    system: SystemName = None,
    weights: Weights = None,
    for_use: Annotated[
        bool, typer.Option("--for-use", help="Of an experiment: what is trained on all speakers.")
    ] = False,
) -> None:
    """Write a trained system as a bundle: one folder or zip that `ser predict` uses without anything else.

    Of an experiment it is the system with the best mean score on dev, and of its runs the best on dev; the test part
    chooses nothing. With --for-use it is one of those that train on all speakers but those of dev. The bundle states
    the estimate of the cross-validation, and has a temperature and the limits of --none from the project's files.
    """
    from ser.errors import SerError
    from ser.inference import bundle as bundles
    from ser.inference import bundling, models
    from ser.inference.card import card
    from ser.inference.system import System

    bundles.require_new(out)
    if bundles.is_bundle(model):
        raise SerError(f"{model} is a bundle already; copy it.")
    trained = models.find(model, models.Only(corpus, protocol, system, for_use), _weights(weights))
    System(trained)  # what cannot be used is not bundled
    trained = bundling.completed(trained)
    for what, why in trained.contents.about["missing"].items():
        print(f"warning: the bundle has no {what}: {why}.", file=sys.stderr, flush=True)
    bundles.write(trained, card(trained), out)
    print(f"{out}: {trained.name}, trained on {trained.contents.run['corpus']}")


def predict(
    model: Annotated[
        Path, typer.Option(help="A bundle, the folder of a run, or an experiment, whose best system on dev is used.")
    ],
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Recordings, folders of them, tables (CSV), or - for standard input.")
    ] = None,
    microphone: Annotated[
        bool, typer.Option("--microphone", help="Record the default microphone, until Enter or Ctrl-C.")
    ] = False,
    seconds: Annotated[float | None, typer.Option(help="Seconds to record with --microphone.")] = None,
    text: Annotated[str | None, typer.Option(help="The words of the only recording.")] = None,
    speaker: Annotated[str | None, typer.Option(help="The speaker of all recordings.")] = None,
    window: Annotated[float | None, typer.Option(help="Seconds of a sliding window; without, the whole.")] = None,
    step: Annotated[float | None, typer.Option(help="Seconds between windows; default: as long as a window.")] = None,
    out: Annotated[Path | None, typer.Option(help="File to write: .csv, .jsonl, .parquet, or a page: .html.")] = None,
    form: Annotated[str | None, typer.Option("--format", help="csv, jsonl, parquet, html or table.")] = None,
    raw: Annotated[int | None, typer.Option(help="Rate in Hz of 16-bit mono samples on standard input.")] = None,
    corpus: Corpus = None,
    protocol: Protocol = None,
    system: SystemName = None,
    weights: Weights = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:<n>.")] = "cpu",
    threads: Annotated[int, typer.Option(help="CPU threads of a network.")] = 1,
    none: Annotated[
        bool, typer.Option("--none", help="Answer none, with the reason, by the rule of the bundle.")
    ] = False,
    uncalibrated: Annotated[
        bool, typer.Option("--uncalibrated", help="Probabilities as the system gives them.")
    ] = False,
) -> None:
    """Predict the emotion of recordings with a trained system.

    Probabilities of a bundle are calibrated, if it has a temperature; those of a run are not.

    A table has a column path and any of utterance, start, end, text and speaker. Recordings that cannot be used are
    named on standard error with the reason; the others are predicted. Exit code 2 where none could be used.
    """
    from tempfile import TemporaryDirectory

    from ser.errors import SerError
    from ser.inference import live, models, output, predictions, recordings
    from ser.inference.system import ready
    from ser.prediction_page import page

    if step is not None and window is None:
        raise SerError("--step is the time between windows: give --window too.")
    if microphone == bool(paths) or (seconds is not None and not microphone):
        raise SerError("give recordings, or --microphone, which --seconds belongs to.")
    windows = None if window is None else predictions.Windows(window, step or window)
    recorder = live.recorder(seconds, windows) if microphone else None
    written_as = output.form_of(out, form, terminal=sys.stdout.isatty())
    trained = models.find(model, models.Only(corpus, protocol, system), _weights(weights))
    if none:
        _check_rule(trained, written_as)
    used, failures = ready(trained, device, threads, calibrated=not uncalibrated), predictions.Failures()
    with TemporaryDirectory(prefix="ser-input-") as folder:
        if recorder is not None:
            wanted = [recordings.Request(Path(folder, "recorded.wav"), live.NAME, text=text, speaker=speaker)]
        else:
            wanted = recordings.with_text(_requests(paths or [], Path(folder), speaker, raw), text)
        predictions.check(used, wanted, windows)
        attended = page.ATTENDED if written_as == "html" else 0
        if recorder is not None:
            rows = recorder.rows(used, wanted[0], failures, attention=attended, unlike=none)
        else:
            rows = predictions.predict(used, wanted, failures, windows, attention=attended, unlike=none)
        if written_as == "html" and out is not None:
            count = page.write(rows, used, failures, out)
        else:
            name = live.NAME if microphone else None
            count = output.write(rows, used.classes, written_as, out, recording=name, reasons=none)
    for line in failures.lines():
        print(line, file=sys.stderr, flush=True)
    if not count:
        raise SerError(f"none of {len(wanted)} recordings could be used; the reasons are above.")


def export(
    form: Annotated[str, typer.Argument(metavar="onnx", help="Format: onnx.")],
    model: Annotated[Path, typer.Argument(help="A bundle, the folder of a run, or an experiment.")],
    out: Annotated[Path, typer.Argument(help="File to write, such as system.onnx.")],
    corpus: Corpus = None,
    protocol: Protocol = None,
    system: SystemName = None,
    weights: Weights = None,
) -> None:
    """Write a trained network as an ONNX graph, from the features of one utterance to its probabilities.

    The graph is compared with torch on random utterances before it is written. Estimators, and networks with a second
    learner behind them, have none.
    """
    from ser.errors import unknown
    from ser.inference import models, onnx_graph

    if form != "onnx":
        raise unknown("format", form, ("onnx",))
    trained = models.find(model, models.Only(corpus, protocol, system), _weights(weights))
    made = onnx_graph.export(trained, out)
    print(f"{out}: reads {', '.join(made.inputs)}; differs from torch by {made.difference:.1e} at most")


def _check_rule(trained: "Trained", written_as: str) -> None:
    """Raise SerError where a system has no rule for "none of these", or the output has no column for it."""
    from ser.errors import SerError
    from ser.inference.none_rule import NONE

    if trained.contents.limits is None:
        raise SerError(f"--none needs the limits of a bundle, and {trained.where} has none; write one with ser bundle.")
    if NONE in trained.contents.classes:
        raise SerError(f"--none: '{NONE}' is a class of {trained.name}.")
    if written_as == "html":
        raise SerError("a page draws the probabilities of the classes: leave --none out, or write another format.")


def _requests(paths: list[Path], folder: Path, speaker: str | None, raw: int | None) -> "list[Request]":
    """Return what is to be predicted; standard input is written to ``folder`` first."""
    from ser.inference import recordings

    files = [path for path in paths if str(path) != "-"]
    wanted = recordings.requests(files, speaker)
    if len(files) < len(paths):
        path = recordings.standard_input(sys.stdin.buffer, folder, raw)
        wanted.append(recordings.Request(path, "-", speaker=speaker))
    return wanted


def _weights(given: list[str] | None) -> dict[str, Path]:
    """Return the file of each feature."""
    from ser.errors import SerError

    wrong = [one for one in given or [] if "=" not in one]
    if wrong:
        raise SerError(f"--weights {wrong[0]}: write FEATURE=FILE, such as xvector=embedding_model.ckpt.")
    return {name: Path(file) for name, _, file in (one.partition("=") for one in given or [])}
