"""Stage ``transcribe``: the transcripts of one shard, from the corpus or from a recogniser."""

import json
from pathlib import Path

from pydantic import Field

from ser.config import extractors
from ser.config.entries import Options
from ser.config.options import uses_device, with_options
from ser.config.schema import Transcript
from ser.errors import SerError, offenders
from ser.jobs.devices import granted
from ser.jobs.job import File, GpuJob, OptionalFile
from ser.tables import contracts
from ser.tables.signals import signals


class TranscribeJob(GpuJob):
    """One transcript of one shard."""

    shard: int = Field(description="Number of the shard.")
    recogniser: str | None = Field(None, description="Module in ser/recognisers; without it, the corpus's own text.")
    options: Options = Field(default_factory=dict, description="Keyword arguments of the recogniser's load().")
    manifest: File = Field(description="Manifest of the corpus.")
    audio: OptionalFile = Field(None, description="AUDIO table of the shard, for a recogniser.")
    out: File = Field(description="TRANSCRIPTS table to write.")


def transcribe(job: TranscribeJob) -> None:
    """Write the transcripts of one shard: the corpus's own, or those of a recogniser.

    The rows are in the order of the manifest; an empty text is a legal transcript. The notes hold provenance, one line,
    and a recogniser's name, options (JSON) and versions (JSON). SerError, naming the utterances, where the corpus has
    no text for them.
    """
    with granted(job.gpus if job.recogniser else 0, job.device, job.jobs_per_gpu) as device:
        _transcribe(job, device)


def _transcribe(job: TranscribeJob, device: str) -> None:
    from ser.text.tokens import tokens  # nltk: seconds that a plan, which needs TranscribeJob alone, saves

    rows = contracts.read(contracts.MANIFEST, job.manifest, {"shard": job.shard})
    names, given = rows["utterance"].to_pylist(), rows["text"].to_pylist()
    if job.recogniser is None:
        if missing := [name for name, text in zip(names, given, strict=True) if text is None]:
            raise SerError(
                f"{job.manifest}: the corpus has no transcript of {len(missing)} utterances: {offenders(missing)}. "
                "Exclude them, or configure a recogniser: an entry under 'transcripts', named by the system's "
                "inputs.words.transcript."
            )
        texts, notes = given, {"provenance": "the corpus's own transcripts"}
    elif job.audio is None:
        raise SerError(f"the recogniser '{job.recogniser}' needs the audio of shard {job.shard} (--audio FILE).")
    else:
        texts, notes = _recognised(job, job.audio, names, device)
    transcripts = [
        {"utterance": name, "text": text, "words": tokens(text), "reference": own or ""}
        for name, text, own in zip(names, texts, given, strict=True)
    ]
    contracts.write(contracts.TRANSCRIPTS, transcripts, job.out, notes)


def _recognised(job: TranscribeJob, audio: Path, names: list[str], device: str) -> tuple[list[str], dict[str, str]]:
    """Return the text of every utterance in ``audio``, which must be those of ``names``, and the notes."""
    entry = with_options(Transcript(recogniser=job.recogniser, options=job.options), f"recogniser {job.recogniser}")
    module = entry.load()
    if contracts.select(audio, ["utterance"])["utterance"].to_pylist() != names:
        raise SerError(f"{audio} does not hold the utterances that the manifest has in this shard; resample again.")
    given = {"device": device, **entry.options} if uses_device(entry) else entry.options
    loaded = module.load(**given)
    texts = []
    for name, signal, rate in signals(audio):
        try:
            texts.append(loaded.recognise(signal, rate))
        except SerError as error:
            raise SerError(f"{audio}: utterance {name}: {error}") from error
    notes = {
        "recogniser": entry.module,
        "options": json.dumps(entry.options, sort_keys=True, default=str),
        "versions": json.dumps(extractors.versions(module)),
        "provenance": loaded.provenance,
    }
    return texts, notes
