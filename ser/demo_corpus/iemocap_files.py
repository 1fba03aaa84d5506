"""The text files of a recorded dialog in the formats of the IEMOCAP release, with its irregularities.

An adapter must accept these: two spaces after ``dom`` and an empty dom, several labels of one rater, the actors' own
ratings F1 and M1, comments in brackets, utterances without dimensional ratings, utterances XX without labels, lines
without times, CRLF in some files, AppleDouble files, missing alignments, and folders of single raters' files.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from ser.demo_corpus.scenario import PlannedUtterance

RATINGS = {  # name in a rating, mean valence, activation and dominance on 1…5
    "ang": ("Anger", (1.9, 3.7, 3.9)),
    "hap": ("Happiness", (3.9, 3.1, 3.1)),
    "exc": ("Excited", (4.0, 3.6, 3.4)),
    "sad": ("Sadness", (2.2, 2.4, 2.7)),
    "neu": ("Neutral", (3.0, 2.6, 2.9)),
    "fru": ("Frustration", (2.3, 3.0, 3.2)),
    "fea": ("Fear", (2.3, 3.4, 2.4)),
    "sur": ("Surprise", (3.1, 3.3, 2.8)),
    "dis": ("Disgust", (2.1, 3.0, 3.2)),
    "oth": ("Other", (2.9, 2.9, 3.0)),
    "xxx": ("", (2.8, 3.0, 3.0)),  # no agreement: no name
}
NAMES = sorted(name for name, _ in RATINGS.values() if name)
RATERS = (("E2", "E3", "E4"), ("E1", "E2", "E4"), ("E2", "E5", "E6"), ("E1", "E3", "E6"))  # three to a dialog
COMMENTS = ("curious", "mildly annoyed but polite, attitude", "amused", "tired", "hard to tell")
REMARKS = ("Yeah.", "Okay.", "Mmhmm.", "[BREATHING]", "What?", "No.")
LABEL_HEAD = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]"
APPLE_DOUBLE = bytes.fromhex("0005160700020000") + b"Mac OS X        " + bytes(58)


@dataclass(frozen=True)
class RatedUtterance:
    """An utterance, its start and end in the dialog in seconds, and each rater's ratings."""

    planned: PlannedUtterance
    start: float
    end: float
    categories: tuple[tuple[str, tuple[str, ...], str], ...]  # rater, categories, comment
    dimensions: tuple[tuple[str, tuple[int, int, int | None]], ...]  # rater, valence, activation, dominance


def rate(
    dialog: str, utterances: Sequence[PlannedUtterance], seconds: Sequence[float], seed: int
) -> list[RatedUtterance]:
    """Return the utterances in sequence with ratings by three raters and, in most cases, by their own speaker."""
    random = Random(f"{seed}/{dialog}/ratings")
    raters = random.choice(RATERS)
    clock = random.uniform(2, 8)
    rated = []
    for one, length in zip(utterances, seconds, strict=True):
        categories = _categories(one.code, raters, random)
        dimensions = []
        if random.random() > 0.02:
            dimensions = [(rater, _dimensions(one.code, random)) for rater in raters[1:]]
        if random.random() < 0.8:
            own = f"{one.speaker[-1]}1"
            categories.append((own, (_perceived(one.code, random),), _comment(random)))
            dimensions.append((own, _dimensions(one.code, random)))
        rated.append(RatedUtterance(one, clock, clock + length, tuple(categories), tuple(dimensions)))
        clock += length + random.expovariate(1 / 0.8)
    return rated


def _categories(code: str, raters: Sequence[str], random: Random) -> list[tuple[str, tuple[str, ...], str]]:
    """Return three raters' categories: at least two are the label's; for xxx all differ."""
    if code == "xxx":
        firsts = random.sample(NAMES, 3)
    else:
        firsts = [RATINGS[code][0], RATINGS[code][0], _perceived(code, random)]
        random.shuffle(firsts)
    ratings = []
    for rater, first in zip(raters, firsts, strict=True):
        named = "Neutral state" if first == "Neutral" and random.random() < 0.3 else first
        rest = [name for name in NAMES if name not in firsts]
        second = (random.choice(rest),) if random.random() < 0.12 else ()
        ratings.append((rater, (named, *second), _comment(random)))
    return ratings


def _perceived(code: str, random: Random) -> str:
    if code != "xxx" and random.random() < 0.6:
        return RATINGS[code][0]
    return random.choice(NAMES)


def _comment(random: Random) -> str:
    return random.choice(COMMENTS) if random.random() < 0.06 else ""


def _dimensions(code: str, random: Random) -> tuple[int, int, int | None]:
    valence, activation, dominance = (min(max(round(random.gauss(mean, 0.7)), 1), 5) for mean in RATINGS[code][1])
    return valence, activation, None if random.random() < 0.02 else dominance


def labels(rated: Sequence[RatedUtterance]) -> list[str]:
    """Return the lines of ``EmoEvaluation/<dialog>.txt``."""
    lines = [LABEL_HEAD, ""]
    for one in rated:
        judged = [values for rater, values in one.dimensions if rater[0] == "E"]  # without the actors
        given = ([value for values in judged if (value := values[index]) is not None] for index in range(3))
        mean = ", ".join(f"{sum(values) / len(values) if values else 0:.4f}" for values in given)
        lines.append(f"[{one.start:.4f} - {one.end:.4f}]\t{one.planned.name}\t{one.planned.code}\t[{mean}]")
        lines += [f"C-{rater}:\t{'; '.join(given)};\t({comment})" for rater, given, comment in one.categories]
        lines += [
            f"A-{rater}:\tval {valence}; act {activation}; dom  {dominance or ''};\t()"
            for rater, (valence, activation, dominance) in one.dimensions
        ]
        lines.append("")
    return lines


def single_ratings(dialog: str, rated: Sequence[RatedUtterance]) -> Mapping[str, Sequence[str]]:
    """Return each rater's own files below EmoEvaluation, which an adapter must not take for the labels."""
    files: dict[str, list[str]] = defaultdict(list)
    for one in rated:
        for rater, given, comment in one.categories:
            folder = "Categorical" if rater[0] == "E" else "Self-evaluation"
            line = f"{one.planned.name} {' '.join(f':{label};' for label in given)} ({comment})"
            files[f"{folder}/{dialog}_{rater.lower()}_cat.txt"].append(line)
        for rater, (valence, activation, dominance) in one.dimensions:
            folder = "Attribute" if rater[0] == "E" else "Self-evaluation"
            line = f"{one.planned.name} :act {activation}; :val {valence}; :dom {dominance or ''}; ()"
            files[f"{folder}/{dialog}_{rater.lower()}_atr.txt"].append(line)
    return files


def transcription(dialog: str, rated: Sequence[RatedUtterance], seed: int) -> list[str]:
    """Return the lines of ``transcriptions/<dialog>.txt``, with remarks between the utterances."""
    random = Random(f"{seed}/{dialog}/remarks")
    lines, unlabelled = [], 0
    for one in rated:
        laughs = one.planned.code in ("hap", "exc") and random.random() < 0.15
        text = f"[LAUGHTER] {one.planned.text}" if laughs else one.planned.text
        lines.append(f"{one.planned.name} [{one.start:08.4f}-{one.end:08.4f}]: {text}")
        if random.random() < 0.1:
            lines.append(f"{random.choice('FM')}: {random.choice(REMARKS)}")
        if random.random() < 0.05 and unlabelled < 10:
            name = f"{dialog}_{random.choice('FM')}XX{unlabelled}"
            lines.append(f"{name} [{one.end:08.4f}-{one.end + 0.4:08.4f}]: {random.choice(REMARKS)}")
            unlabelled += 1
    return lines


def alignment(name: str, seconds: float, words: Sequence[tuple[str, float]], seed: int) -> list[str]:
    """Return the lines of ``<utterance>.wdseg``: frames of 10 ms, from a word's first to its last."""
    random = Random(f"{seed}/{name}/alignment")
    last = int(seconds * 100) - 1
    starts = [round(start * 100) for _, start in words]
    quiet = last - 12 if starts and last - 12 > starts[-1] else last
    rows = [(0, starts[0] - 1 if starts else last, "<s>")]
    for (word, _), start, following in zip(words, starts, [*starts[1:], quiet], strict=True):
        end = following - 1
        pause = min(end, start + 45)
        variant = f"({random.randint(2, 8)})" if random.random() < 0.1 else ""
        rows.append((start, pause, word.upper() + variant))
        if end > pause:
            token = "++BREATHING++" if random.random() < 0.1 else "<sil>"
            rows.append((pause + 1, end, token))
    if starts:
        rows.append((quiet, last, "</s>"))
    scored = [(start, end, -random.randint(1000, 90000), word) for start, end, word in rows if end >= start]
    lines = [f"\t{start:5d} {end:5d} {score:10d} {word}" for start, end, score, word in scored]
    return ["\t SFrm  EFrm    SegAScr Word", *lines, f" Total score: {sum(row[2] for row in scored)}"]


def save(path: Path, lines: Sequence[str], *, crlf: bool = False) -> None:
    """Write ``lines`` as UTF-8, with CRLF line ends if asked."""
    end = "\r\n" if crlf else "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(line + end for line in lines).encode())
