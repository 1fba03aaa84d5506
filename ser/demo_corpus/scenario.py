"""The plan of the demo corpus: dialogs, and the speaker, label, text and voice of each utterance.

Dialogs, their names and the speakers are those of IEMOCAP. A scripted dialog has the same lines in every session; an
improvised one has few emotions. A label moves a voice's pitch, range, rate and loudness only on average: the
distributions of labels overlap (EXPRESSION, SPREAD), and each speaker adds a base of its own.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from random import Random

from ser.demo_corpus.code_counts import CODES, SESSIONS, STYLES, counts
from ser.demo_corpus.espeak import Voice
from ser.demo_corpus.sentences import WORDINGS, sentence

MINIMUM = 8  # utterances per dialog, if there are enough
SHARED = 0.3  # share of a script's lines whose text does not depend on their label

VARIANTS = {"F": ("f1", "f2", "f3", "f4", "f5"), "M": ("m1", "m3", "m4", "m6", "m7")}  # of eSpeak, by session
EXPRESSION = {  # mean shift of pitch, range (both 0…100), rate (words per minute) and volume (0…200)
    "ang": (4, 10, 14, 42),
    "hap": (12, 20, 4, 4),
    "exc": (16, 24, 14, 14),
    "sad": (-10, -18, -26, -24),
    "neu": (0, -6, 0, 0),
    "fru": (2, 4, 6, 18),
    "sur": (16, 28, 4, 8),
    "fea": (12, -6, 22, -14),
    "dis": (-6, 6, -14, 4),
    "oth": (0, 0, 0, 0),
}
SPREAD = (6.0, 12.0, 14.0, 15.0)  # standard deviation of the same four within a label


@dataclass(frozen=True)
class PlannedUtterance:
    """One labelled utterance: its name, speaker, IEMOCAP code, text and voice."""

    name: str
    speaker: str
    code: str
    text: str
    voice: Voice


def dialogs(utterances: int, seed: int) -> dict[str, list[PlannedUtterance]]:
    """Return the utterances of each dialog by its name, such as Ses01F_impro01, sorted by name; ``utterances`` in all.

    The same arguments give the same plan.
    """
    cells = counts(utterances)
    planned: dict[str, list[PlannedUtterance]] = {}
    for session, style in product(SESSIONS, STYLES):
        labels = [
            (speaker, code)
            for (speaker, own, code), count in cells.items()
            if speaker.startswith(session) and own == style
            for _ in range(count)
        ]
        planned.update(_deal(session, style, labels, seed))
    return dict(sorted(planned.items()))


def names(session: str, style: str) -> list[str]:
    """Return the names of a session's dialogs of a style: the release's irregular ones first, then F and M in turn."""
    if style == "script":
        irregular = ["Ses05M_script01_1b"] if session == "Ses05" else []
        parts = [f"script{part}" for part in ("01_1", "01_2", "01_3", "02_1", "02_2", "03_1", "03_2")]
        return irregular + [f"{session}{marker}_{part}" for part in parts for marker in "FM"]
    split = [f"Ses03M_impro{part}" for part in ("05a", "05b", "08a", "08b")] if session == "Ses03" else []
    numbers = range(1, 8 if session == "Ses01" else 9)
    whole = [f"{session}{marker}_impro0{number}" for number in numbers for marker in "FM"]
    return split + [name for name in whole if not any(part.startswith(name) for part in split)]


def _deal(
    session: str, style: str, labels: list[tuple[str, str]], seed: int
) -> Iterator[tuple[str, list[PlannedUtterance]]]:
    """Yield a session's dialogs of a style, with the ``labels`` (speaker, code) distributed over them."""
    random = Random(f"{seed}/{session}/{style}")
    possible = names(session, style)
    irregular = sum(1 for name in possible if name[-1] in "ab")
    used = possible[: min(len(possible), max(irregular + 2, len(labels) // MINIMUM), len(labels))]
    blur = 1.5 if style == "impro" else 100.0  # how far equal labels spread over the dialogs
    random.shuffle(labels)
    labels.sort(key=lambda pair: CODES.index(pair[1]) + random.gauss(0, blur))
    shuffled = list(used)
    random.shuffle(shuffled)
    for index, name in enumerate(shuffled):
        part = labels[index * len(labels) // len(used) : (index + 1) * len(labels) // len(used)]
        if style == "script":
            texts = list(_scripted(name, part, seed))
        else:
            texts = [(random.random(), sentence(code, random)) for _, code in part]
        counted: Counter[str] = Counter()
        planned = []
        for (_, text), (speaker, code) in sorted(zip(texts, part, strict=True)):  # by position
            utterance = f"{name}_{speaker[-1]}{counted[speaker]:03d}"
            counted[speaker] += 1
            planned.append(PlannedUtterance(utterance, speaker, code, text, _voice(speaker, code, utterance, seed)))
        yield name, planned


def _scripted(dialog: str, labels: list[tuple[str, str]], seed: int) -> Iterator[tuple[float, str]]:
    """Yield position and text of each line; the script decides those of the n-th line of a role with a label."""
    script = dialog.partition("_")[2].removesuffix("b")
    counted: Counter[tuple[str, str]] = Counter()
    for speaker, code in labels:
        role = speaker[-1]
        random = Random(f"{seed}/{script}/{role}/{code}/{counted[role, code]}")
        counted[role, code] += 1
        position = random.random()
        if random.random() < SHARED:
            random = Random(f"{seed}/{script}/{role}/{random.randrange(20)}")
            text = sentence(random.choice(sorted(WORDINGS)), random)
        else:
            text = sentence(code, random)
        yield position, text


def _voice(speaker: str, code: str, name: str, seed: int) -> Voice:
    """Return the speaker's voice, moved by the label and at random."""
    own, chance = Random(f"{seed}/{speaker}"), Random(f"{seed}/{name}/voice")
    base = (own.uniform(38, 58), own.uniform(40, 55), own.uniform(160, 185), own.uniform(80, 100))
    expressed = code if code in EXPRESSION else chance.choice(sorted(EXPRESSION))
    pitch, extent, rate, volume = (
        middle + shift + chance.gauss(0, spread)
        for middle, shift, spread in zip(base, EXPRESSION[expressed], SPREAD, strict=True)
    )
    variant = VARIANTS[speaker[-1]][int(speaker[4]) - 1]
    return Voice(
        f"en-us+{variant}",
        rate=round(min(max(rate, 100), 280)),
        volume=round(min(max(volume, 30), 190)),
        pitch=round(min(max(pitch, 5), 95)),
        range=round(min(max(extent, 0), 100)),
    )
