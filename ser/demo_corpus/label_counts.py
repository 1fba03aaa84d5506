"""How many utterances each speaker of the demo corpus has of each label and style.

At 10039 utterances the counts are FULL. They add up to IEMOCAP's published totals per session and label, per speaker
over the four usual classes, and per style. The rest, how a session's labels divide between its speakers and styles, is
not published and is filled in by proportion. A small corpus has more of the five main labels, so that every speaker has
each of them both improvised and scripted.
"""

import heapq
from typing import TypeVar

from ser.errors import SerError

CODES = ("ang", "hap", "exc", "sad", "neu", "fru", "xxx", "sur", "fea", "oth", "dis")
MAIN = CODES[:5]
STYLES = ("impro", "script")
SMALLEST, LARGEST = 40, 10039
SMALL = 300  # utterances up to which SHARES hold; from here to LARGEST they change linearly to FULL
SHARES = dict(zip(CODES, (0.15, 0.12, 0.12, 0.15, 0.17, 0.11, 0.11, 0.03, 0.02, 0.01, 0.01), strict=True))

FULL = {  # utterances of CODES, improvised and scripted
    "Ses01F": ((29, 31, 44, 53, 114, 57, 85, 6, 2, 0, 0), (83, 35, 25, 42, 72, 83, 123, 8, 3, 1, 0)),
    "Ses01M": ((30, 33, 47, 55, 85, 57, 85, 5, 2, 0, 0), (87, 36, 27, 44, 113, 83, 122, 8, 3, 1, 0)),
    "Ses02F": ((17, 26, 63, 52, 115, 66, 89, 4, 1, 0, 0), (47, 28, 36, 40, 57, 96, 129, 6, 2, 0, 0)),
    "Ses02M": ((19, 30, 70, 58, 80, 67, 89, 4, 2, 0, 0), (54, 33, 41, 47, 110, 96, 129, 6, 2, 0, 0)),
    "Ses03F": ((29, 29, 44, 78, 125, 78, 117, 4, 2, 0, 0), (75, 32, 25, 60, 25, 113, 169, 6, 2, 0, 1)),
    "Ses03M": ((34, 35, 52, 93, 108, 78, 117, 4, 2, 0, 0), (102, 39, 30, 74, 62, 113, 169, 6, 2, 1, 1)),
    "Ses04F": ((45, 16, 78, 41, 88, 99, 115, 4, 2, 0, 0), (123, 17, 44, 32, 44, 142, 167, 6, 2, 0, 0)),
    "Ses04M": ((42, 15, 74, 40, 95, 98, 115, 4, 1, 0, 0), (117, 17, 42, 30, 31, 142, 167, 6, 2, 0, 0)),
    "Ses05F": ((21, 33, 91, 66, 155, 78, 106, 4, 2, 0, 0), (60, 35, 51, 51, 27, 113, 154, 6, 2, 0, 0)),
    "Ses05M": ((23, 36, 100, 72, 134, 78, 106, 4, 2, 0, 0), (66, 39, 57, 56, 68, 112, 154, 6, 2, 0, 0)),
}
SPEAKERS = tuple(FULL)
SESSIONS = tuple(sorted({speaker[:5] for speaker in SPEAKERS}))

Cell = tuple[str, str, str]  # speaker, style, code
Key = TypeVar("Key")


def counts(utterances: int) -> dict[Cell, int]:
    """Return how many utterances each (speaker, style, code) has; they add up to ``utterances``, 40 to 10039."""
    if not SMALLEST <= utterances <= LARGEST:
        raise SerError(
            f"the demo corpus cannot have {utterances} utterances; {SMALLEST} (four emotions of ten speakers) to "
            f"{LARGEST} (as many as IEMOCAP) are possible."
        )
    full = {
        (speaker, style, code): count
        for speaker, rows in FULL.items()
        for style, row in zip(STYLES, rows, strict=True)
        for code, count in zip(CODES, row, strict=True)
    }
    grown = max(0.0, (utterances - SMALL) / (LARGEST - SMALL))
    share = {
        (speaker, style, code): utterances * ((1 - grown) * SHARES[code] / 20 + grown * count / LARGEST)
        for (speaker, style, code), count in full.items()
    }
    given = dict.fromkeys(full, 0)
    for cell in _first_cells(full)[:utterances]:
        given[cell] += 1
    already = {code: sum(given[cell] for cell in given if cell[2] == code) for code in CODES}
    wanted = {code: sum(share[cell] for cell in share if cell[2] == code) for code in CODES}
    for index, (code, total) in enumerate(_fill(already, wanted, utterances).items()):
        own = [cell for cell in full if cell[2] == code]
        rotated = own[2 * index :] + own[: 2 * index]  # so that the first speaker does not get every remainder
        mixed = sorted(rotated, key=lambda cell: rotated.index(cell) * 7 % len(rotated))
        given |= _fill({cell: given[cell] for cell in mixed}, share, total)
    return given


def _fill(given: dict[Key, int], wanted: dict[Key, float], total: int) -> dict[Key, int]:
    """Return ``given`` increased to a sum of ``total``, one at a time where it is furthest below ``wanted``."""
    raised = dict(given)
    excess = [(raised[key] - wanted[key], index, key) for index, key in enumerate(raised)]
    heapq.heapify(excess)
    for _ in range(total - sum(raised.values())):
        least, index, key = excess[0]
        raised[key] += 1
        heapq.heapreplace(excess, (least + 1, index, key))
    return raised


def _first_cells(full: dict[Cell, int]) -> list[Cell]:
    """Return the cells in the order in which each gets its first utterance: the smallest corpora have only these."""
    crossed = [
        (speaker, STYLES[(index + MAIN.index(code)) % 2], code)
        for index, speaker in enumerate(SPEAKERS)
        for code in ("ang", "hap", "sad", "neu")
    ]
    others = [max((cell for cell in full if cell[2] == code), key=lambda cell: full[cell]) for code in CODES[5:]]
    main = [cell for cell in full if cell[2] in MAIN and cell not in crossed]
    return [*crossed, *others, *main]
