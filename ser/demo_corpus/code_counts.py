"""How many utterances each speaker of the demo corpus has of each code and style.

At 10039 utterances the counts are FULL. Their sums are the published ones of IEMOCAP: by session and code, by style,
and for each speaker the total of ang, hap, exc, sad and neu. How a code of a session divides between speakers and
styles is not published; FULL divides it in proportion to the published sums. A smaller corpus has larger shares of the
codes in MAIN, and from 106 utterances on each speaker has each of them in both styles.
"""

import heapq
from typing import TypeVar

from ser.errors import SerError

CODES = ("ang", "hap", "exc", "sad", "neu", "fru", "xxx", "sur", "fea", "oth", "dis")
MAIN = CODES[:5]
STYLES = ("impro", "script")
SMALLEST, LARGEST = 40, 10039  # utterances
PLAIN = 300  # utterances: up to here the shares are SHARES; from here to LARGEST they move linearly to those of FULL
SHARES = dict(zip(CODES, (0.15, 0.12, 0.12, 0.15, 0.17, 0.11, 0.11, 0.03, 0.02, 0.01, 0.01), strict=True))

FULL = {  # by speaker: utterances per code of CODES, for each of STYLES
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
    position = max(0.0, (utterances - PLAIN) / (LARGEST - PLAIN))  # 0 up to PLAIN, 1 at LARGEST
    cells = len(SPEAKERS) * len(STYLES)  # of each code
    expected = {
        cell: utterances * ((1 - position) * SHARES[cell[2]] / cells + position * count / LARGEST)
        for cell, count in full.items()
    }
    first = _first_cells(full)[:utterances]
    result = {cell: int(cell in first) for cell in full}
    so_far = {code: sum(result[cell] for cell in full if cell[2] == code) for code in CODES}
    expected_of_code = {code: sum(expected[cell] for cell in full if cell[2] == code) for code in CODES}
    for index, (code, total) in enumerate(_fill(so_far, expected_of_code, utterances).items()):
        own = [cell for cell in full if cell[2] == code]  # reordered: else the first speaker gets every remainder
        order = [own[(2 * index + 3 * k) % cells] for k in range(cells)]  # each once: 3 and 20 share no divisor
        result |= _fill({cell: result[cell] for cell in order}, expected, total)
    return result


def _fill(start: dict[Key, int], expected: dict[Key, float], total: int) -> dict[Key, int]:
    """Return ``start`` raised to the sum ``total``, by 1 where furthest below ``expected``, at the first of equals."""
    filled = dict(start)
    excess = [(filled[key] - expected[key], index, key) for index, key in enumerate(filled)]
    heapq.heapify(excess)
    for _ in range(total - sum(filled.values())):
        smallest, index, key = excess[0]
        filled[key] += 1
        heapq.heapreplace(excess, (smallest + 1, index, key))
    return filled


def _first_cells(full: dict[Cell, int]) -> list[Cell]:
    """Return the cells in the order in which they get their first utterance."""
    one_style = [  # the four emotions of SMALLEST, each once per speaker, in alternating styles
        (speaker, STYLES[(index + MAIN.index(code)) % 2], code)
        for index, speaker in enumerate(SPEAKERS)
        for code in ("ang", "hap", "sad", "neu")
    ]
    largest = [max((cell for cell in full if cell[2] == code), key=lambda cell: full[cell]) for code in CODES[5:]]
    main = [cell for cell in full if cell[2] in MAIN and cell not in one_style]
    return [*one_style, *largest, *main]
