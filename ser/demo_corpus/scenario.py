"""Who says what to whom, and how, in the demo corpus: the plan, before anything is spoken.

Dialogs, their names and the speakers are those of IEMOCAP. A scripted dialog has the same lines in every session, an
improvised one dwells on few emotions. A label moves a voice's pitch, range, rate and loudness only on average: the
distributions of different labels overlap (EXPRESSION, SPREAD), and a speaker's own base lies under them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from ser.demo_corpus.espeak import Voice
from ser.demo_corpus.label_counts import CODES, SPEAKERS, counts
from ser.demo_corpus.sentences import WORDINGS, sentence

TURNS = 8  # per dialog at the least, where there are enough utterances
SHARED = 0.3  # share of a script's lines that are worded without regard to their label

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
class Turn:
    """One labelled utterance: its name, speaker, IEMOCAP code, wording and voice."""

    name: str
    speaker: str
    code: str
    text: str
    voice: Voice


@dataclass(frozen=True)
class Dialog:
    """One recording session's turns in order; ``name`` is as Ses01F_impro01."""

    name: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True)
class Line:
    """A turn before it has a number: ``position`` orders the lines of a dialog."""

    position: float
    speaker: str
    code: str
    text: str


def dialogs(utterances: int, seed: int) -> list[Dialog]:
    """Return the plan of a corpus of so many utterances, the same for the same arguments; sorted by name."""
    cells = counts(utterances)
    planned: list[Dialog] = []
    for session in sorted({speaker[:5] for speaker in SPEAKERS}):
        for style in ("impro", "script"):
            spoken = [
                (speaker, code)
                for (speaker, mine, code), count in cells.items()
                if speaker.startswith(session) and mine == style
                for _ in range(count)
            ]
            planned += _deal(session, style, spoken, seed)
    return sorted(planned, key=lambda dialog: dialog.name)


def names(session: str, style: str) -> list[str]:
    """Return a session's dialogs of a style, odd ones of the release first, marker F and M in turn."""
    if style == "script":
        odd = ["Ses05M_script01_1b"] if session == "Ses05" else []
        parts = [f"script{part}" for part in ("01_1", "01_2", "01_3", "02_1", "02_2", "03_1", "03_2")]
        return odd + [f"{session}{marker}_{part}" for part in parts for marker in "FM"]
    split = [f"Ses03M_impro{part}" for part in ("05a", "05b", "08a", "08b")] if session == "Ses03" else []
    numbers = range(1, 8 if session == "Ses01" else 9)
    whole = [f"{session}{marker}_impro0{number}" for number in numbers for marker in "FM"]
    return split + [name for name in whole if not any(part.startswith(name) for part in split)]


def _deal(session: str, style: str, spoken: list[tuple[str, str]], seed: int) -> Iterator[Dialog]:
    """Yield a session's dialogs of a style with the ``spoken`` (speaker, code) dealt to them."""
    random = Random(f"{seed}/{session}/{style}")
    possible = names(session, style)
    odd = sum(1 for name in possible if name[-1] in "ab")
    used = possible[: min(len(possible), max(odd + 2, len(spoken) // TURNS), len(spoken))]
    blur = 1.5 if style == "impro" else 100.0  # how far a label may stand from its like
    random.shuffle(spoken)
    spoken.sort(key=lambda pair: CODES.index(pair[1]) + random.gauss(0, blur))
    themes = list(used)
    random.shuffle(themes)
    for place, name in enumerate(themes):
        mine = spoken[place * len(spoken) // len(used) : (place + 1) * len(spoken) // len(used)]
        lines = _scripted(name, mine, seed) if style == "script" else _improvised(mine, random)
        yield Dialog(name, tuple(_turns(name, sorted(lines, key=lambda line: line.position), seed)))


def _improvised(spoken: list[tuple[str, str]], random: Random) -> list[Line]:
    return [Line(random.random(), speaker, code, sentence(code, random)) for speaker, code in spoken]


def _scripted(dialog: str, spoken: list[tuple[str, str]], seed: int) -> list[Line]:
    """Return lines of a script; what the n-th line of a role with a label is and where it stands is the script's."""
    script = dialog.partition("_")[2].removesuffix("b")
    said: dict[tuple[str, str], int] = {}
    lines = []
    for speaker, code in spoken:
        role = speaker[-1]
        number = said[role, code] = said.get((role, code), -1) + 1
        random = Random(f"{seed}/{script}/{role}/{code}/{number}")
        position = random.random()
        if random.random() < SHARED:
            random = Random(f"{seed}/{script}/{role}/{random.randrange(20)}")
            text = sentence(random.choice(sorted(WORDINGS)), random)
        else:
            text = sentence(code, random)
        lines.append(Line(position, speaker, code, text))
    return lines


def _turns(dialog: str, lines: list[Line], seed: int) -> Iterator[Turn]:
    said = {"F": 0, "M": 0}
    for line in lines:
        letter = line.speaker[-1]
        name = f"{dialog}_{letter}{said[letter]:03d}"
        said[letter] += 1
        yield Turn(name, line.speaker, line.code, line.text, _voice(line.speaker, line.code, name, seed))


def _voice(speaker: str, code: str, name: str, seed: int) -> Voice:
    """Return the speaker's voice as the label and chance move it."""
    own, chance = Random(f"{seed}/{speaker}"), Random(f"{seed}/{name}/voice")
    base = (own.uniform(38, 58), own.uniform(40, 55), own.uniform(160, 185), own.uniform(80, 100))
    heard = code if code in EXPRESSION else chance.choice(sorted(EXPRESSION))
    moved = [
        middle + shift + chance.gauss(0, spread)
        for middle, shift, spread in zip(base, EXPRESSION[heard], SPREAD, strict=True)
    ]
    pitch, extent, rate, volume = moved
    variant = VARIANTS[speaker[-1]][int(speaker[4]) - 1]
    return Voice(
        f"en-us+{variant}",
        rate=round(min(max(rate, 100), 280)),
        volume=round(min(max(volume, 30), 190)),
        pitch=round(min(max(pitch, 5), 95)),
        range=round(min(max(extent, 0), 100)),
    )
