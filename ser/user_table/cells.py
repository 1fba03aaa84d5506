"""What a cell of a user's table means: text as it looks, words for "missing", times."""

import re
import unicodedata
from collections.abc import Collection
from decimal import Decimal

from ser.errors import SerError

JOINERS = "\u200c\u200d"  # invisible, but they change the letters next to them
MISSING = (  # casefolded; what pandas, R, SAS, databases, spreadsheets and people write for "no value"
    *("nan", "-nan", "1.#qnan", "-1.#ind", "nat", "none", "null", "\\n", "nil", "na", "n/a", "n.a.", "n/k", "void"),
    *("#n/a", "#na", "#null!", "#value!", "#ref!", "#div/0!", "#name?", "missing", "blank", "empty", "tbd", "todo"),
    *("unknown", "unk", "unspecified", "not specified", "undefined", "not known", "not available", "not applicable"),
    *("n.a", "k.a", "no data", "not given", "unset", "unlabelled", "unlabeled"),
    *("unbekannt", "keine angabe", "k.a.", "k. a.", "inconnu", "inconnue", "desconocido", "sconosciuto"),
    *(mark * times for mark in "?-–—_.*/~" for times in (1, 2, 3, 4)),
)
TIMES = "times are seconds (1.5), 0 days 00:00:01.5, 00:01.5, PT1.5S or 1500 ms"
BRACKETS = "<>[](){}\"'"  # <NA>, [unknown], "nan" in quotes of its own
NUMBER = re.compile(
    r"\+?(?P<number>[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE](?P<exponent>[+-]?[0-9]{1,3}))?\s*(?P<unit>s|ms)?"
)
CLOCK = re.compile(
    r"(?:(?P<days>[0-9]{1,6}) days?,?\s*)?"
    r"(?:(?:(?:(?P<hours>[0-9]{1,9}):)?(?P<minutes>[0-9]{1,9}):)?(?P<seconds>[0-9]{1,9}(?:[.,][0-9]{1,12})?))?"
)
ISO = re.compile(
    r"P(?:(?P<days>[0-9]{1,6})D)?T?(?:(?P<hours>[0-9]{1,9})H)?(?:(?P<minutes>[0-9]{1,9})M)?"
    r"(?:(?P<seconds>[0-9]{1,9}(?:[.,][0-9]{1,12})?)S)?"
)
LENGTHS = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}


class CellError(SerError):
    """A cell that is not understood. hint: what helps, which is the same for all cells of its column."""

    def __init__(self, what: str, hint: str = ""):
        super().__init__(what)
        self.hint = hint


def clean(cell: str) -> str:
    """Return ``cell`` as it looks: composed letters (NFC), plain spaces, no invisible marks, no spaces around it."""
    if cell.isascii():
        return cell.strip()
    composed = unicodedata.normalize("NFC", cell)
    kinds = [(letter, unicodedata.category(letter)) for letter in composed]
    visible = (" " if kind == "Zs" else letter for letter, kind in kinds if kind != "Cf" or letter in JOINERS)
    return "".join(visible).strip().strip(JOINERS)


def is_missing(cell: str, words: Collection[str]) -> bool:
    """Return whether a cleaned ``cell`` is empty or one of the folded ``words``, in brackets or quotes or not."""
    plain = folded(cell)
    return not cell or plain in words or (plain[0] in BRACKETS and plain.strip(BRACKETS) in words)


def folded(word: str) -> str:
    """Return a word for "missing" in lower case, in narrow letters (？), without spaces around a slash."""
    return re.sub(" ?/ ?", "/", unicodedata.normalize("NFKC", word).casefold())


def seconds(cell: str) -> float:
    """Return a time in seconds, written as one of TIMES; a decimal comma is understood. CellError for anything else."""
    if match := NUMBER.fullmatch(cell):
        value = float(match["number"].replace(",", ".") + (f"e{match['exponent']}" if match["exponent"] else ""))
        value = float(Decimal(repr(value)) / 1000) if match["unit"] == "ms" else value
    elif (match := CLOCK.fullmatch(cell) or ISO.fullmatch(cell)) and any(match.groups()):
        parts = ((match[part], length) for part, length in LENGTHS.items())
        value = float(sum(Decimal(text.replace(",", ".")) * length for text, length in parts if text))
    else:
        raise CellError(f"'{cell}' is not a time from 0 on", TIMES)
    if value > 1e9:
        raise CellError(f"'{cell}' is longer than any recording")
    return value


def has_point(cell: str) -> bool:
    """Return whether a plain number is written with a decimal point."""
    return bool(NUMBER.fullmatch(cell)) and "." in cell


def has_comma(cell: str) -> bool:
    """Return whether a plain number is written with a comma."""
    return bool(NUMBER.fullmatch(cell)) and "," in cell
