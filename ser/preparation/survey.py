"""All that is known of a corpus before its manifest is written: usable utterances, faults and warnings."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ser.audio.measures import warnings_of
from ser.config.schema import Corpus
from ser.corpus import Fault
from ser.input_checks import BY_NAME
from ser.preparation.accepted_rows import accepted_rows, known_emotions
from ser.preparation.ratings import off_scale, on_scale, stated_scale
from ser.preparation.recordings import inspect
from ser.preparation.row_faults import check_names, contradictions, exclude, without_label
from ser.preparation.trimming import Inspected


@dataclass(frozen=True)
class Survey:
    """rows: how many the corpus has. inspected: utterances whose recording has no fault, by name. faults: those that
    the key ``allow`` has to accept. left_out: what the settings leave out, and what the adapter does not take.
    """

    rows: int
    inspected: dict[str, Inspected]
    faults: list[Fault]
    warnings: list[Fault]
    left_out: list[Fault]

    @property
    def not_used(self) -> list[Fault]:
        """Return what leaves an utterance or recording out once all faults are accepted.

        A subset, a row without an emotion and a rating off the scale have no audio here, and leave nothing out.
        """
        return self.left_out + [fault for fault in self.faults if fault.audio]

    @property
    def usable(self) -> list[Inspected]:
        """Return the utterances that remain once all faults are accepted, by name."""
        gone = {fault.utterance for fault in self.not_used if fault.utterance}
        return [self.inspected[name] for name in sorted(self.inspected.keys() - gone)]


def survey(corpus: str, settings: Corpus, root: Path, jobs: int) -> Survey:
    """Read the labels of a corpus, compare them with its card, and read each of its recordings once.

    SerError for rows that share a name; a fault in a single row or recording is part of the result.
    """
    adapter, options = settings.load(), settings.options
    rows, broken = accepted_rows(settings, root)
    check_names(corpus, rows, known_emotions(settings))
    faults = [Fault("subset", difference) for difference in adapter.verify(rows, **options)]
    faults += without_label(root, rows, broken, adapter.audio_files(root, **options))
    kept, left_out = exclude(corpus, rows, broken, settings.exclude)
    scale = stated_scale(settings, root)
    faults += off_scale(kept, scale)
    kept = [on_scale(row, scale) for row in kept]
    inspected, unusable = inspect(root, kept, settings, jobs)
    faults += unusable + contradictions(kept, inspected)
    warnings = list(adapter.warnings(root, **options)) if hasattr(adapter, "warnings") else []
    warnings += [fault for fault in faults if BY_NAME[fault.kind].outcome == "warning"]
    faults = [fault for fault in faults if BY_NAME[fault.kind].outcome != "warning"]
    left_out += broken
    if hasattr(adapter, "left_out"):
        reasons: dict[str, str] = adapter.left_out(root, **options)
        left_out += [Fault("not-taken", reason, audio=audio) for audio, reason in reasons.items()]
    return Survey(len(rows), inspected, faults, warnings, left_out)


def strange(usable: Sequence[Inspected], trim: str) -> list[Fault]:
    """Return the warnings about the sound of recordings, each and all together."""
    measures = {one.row.utterance: one.measures for one in usable if one.measures is not None}
    rows = {one.row.utterance: one.row for one in usable}
    whole = [one.recording.seconds + sum(one.cut or ()) for one in usable]
    of_files = [(one.row.utterance, *note) for one in usable for note in one.recording.notes]
    return [
        Fault(kind, text, rows[name].where, name, rows[name].audio) if name else Fault(kind, text)
        for name, kind, text in [*of_files, *warnings_of(measures, whole, trim)]
    ]
